"""Money and relay writes against the farm: sent once, and the error says what is known."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from prewatt_fixtures.clock import RealClock, ScaledClock
from prewatt_fixtures.wire.vendor import MoneyControl, TopUp, VendorResult
from prewatt_platform.field.errors import LinkLost, MeterRefused, NoReply, UnreadableReply
from prewatt_platform.field.field import Field
from prewatt_platform.field.messages import ForcedControl, MeterAddress
from prewatt_platform.field.settings import FieldSettings
from prewatt_simulator.faults import Fault

pytestmark = pytest.mark.anyio

NOON = datetime(2021, 12, 28, 4, tzinfo=UTC)
HAIRDRESSER = "0000010201"
TO_LET = "0000010202"
NEXT = TopUp(amount_fen=5000, purchase_count=7)
"""The hairdresser's meter has sold six times, for 300.00."""


async def test_top_up_is_shown_by_counter_and_total(rig: Any) -> None:
    async with rig("tiny", ScaledClock(NOON, 0)) as there:
        async with there.field.hold(there.meters[HAIRDRESSER]) as lane:
            before = await lane.evidence()
            reply = await lane.top_up(NEXT)
            after = await lane.evidence()
            shown = await lane.read()
        assert reply.result is VendorResult.DONE
        assert reply.remaining_fen == after.remaining_fen == before.remaining_fen + 5000
        assert (before.purchase_count, after.purchase_count) == (6, 7)
        assert (before.total_purchased_fen, after.total_purchased_fen) == (30000, 35000)
        assert after.money_control
        assert after.at == NOON
        assert after.raw[4:6] == (7).to_bytes(2, "big")
        assert shown.prepaid.purchase_count == there.farm.meter(HAIRDRESSER).purchase_count == 7
        assert len(there.farm.journal.writes(HAIRDRESSER)) == 1


@pytest.mark.parametrize(("kind", "applied"), [("lose-request", False), ("lose-reply", True)])
async def test_lost_top_up_may_have_been_applied_and_is_sent_once(rig: Any, kind: str, applied: bool) -> None:
    """Nobody can tell the two apart but the meter, when it is asked."""
    async with rig("tiny", ScaledClock(NOON, 0)) as there:
        lost = Fault(kind=kind, meter=HAIRDRESSER, function=0x20)
        async with there.field.hold(there.meters[HAIRDRESSER]) as lane:
            with pytest.raises(NoReply) as silent:
                await there.fault_during(lost, lane.top_up(NEXT))
            assert silent.value.may_have_been_applied
            evidence = await lane.evidence()
        assert evidence.purchase_count == (7 if applied else 6)
        assert evidence.total_purchased_fen == (35000 if applied else 30000)
        assert len(there.farm.journal.writes(HAIRDRESSER)) == 1


async def test_wrong_counter_is_the_meters_word_and_no_error(rig: Any) -> None:
    async with (
        rig("tiny", ScaledClock(NOON, 0)) as there,
        there.field.hold(there.meters[HAIRDRESSER]) as lane,
    ):
        reply = await lane.top_up(TopUp(amount_fen=5000, purchase_count=9))
        assert reply.result is VendorResult.WRONG_COUNT
        assert (await lane.evidence()).purchase_count == 6


async def test_money_control_opens_a_meter(rig: Any) -> None:
    command = MoneyControl(
        on=True,
        remaining_fen=0,
        purchase_count=0,
        total_purchased_fen=0,
        alarms_fen=(1000, 200),
        prices_e4=(9000, 8000, 7000, 6000),
        overdraft_fen=300,
    )
    async with rig("tiny", ScaledClock(NOON, 0)) as there:
        async with there.field.hold(there.meters[TO_LET]) as lane:
            assert not (await lane.evidence()).money_control
            assert (await lane.money_control(command)).result is VendorResult.DONE
            credit = (await lane.read()).prepaid
        assert credit.money_control
        assert (credit.remaining_fen, credit.purchase_count, credit.total_purchased_fen) == (0, 0, 0)
        assert (credit.alarms_fen, credit.prices_e4) == ((1000, 200), (9000, 8000, 7000, 6000))
        assert credit.overdraft_fen == 300
        assert len(there.farm.journal.writes(TO_LET)) == 1


async def test_forced_control_is_read_back_from_relay_and_mode(rig: Any) -> None:
    async with rig("tiny", ScaledClock(NOON, 0)) as there:
        async with there.field.hold(there.meters[HAIRDRESSER]) as lane:
            seen = []
            for mode in (ForcedControl.OPEN, ForcedControl.CLOSED, ForcedControl.OFF):
                await lane.force(mode)
                credit = (await lane.read()).prepaid
                seen.append(
                    (credit.forced_mode, credit.forced_closed and credit.forced_mode, credit.relay_closed)
                )
        assert seen == [(True, False, False), (True, True, True), (False, False, True)]
        writes = [entry.request for entry in there.farm.journal.writes(HAIRDRESSER)]
        assert [write[:6].hex() for write in writes] == ["100057000204"] * 3


@pytest.mark.parametrize(
    ("code", "retryable", "unknown"),
    [
        (0x01, False, False),
        (0x02, False, False),
        (0x03, False, False),
        (0x04, False, False),
        (0x05, False, True),
        (0x06, True, False),
        (0x0A, False, True),
        (0x0B, False, True),
        (0x63, False, False),
    ],
)
async def test_refusal_says_what_is_known(wire: Any, code: int, retryable: bool, unknown: bool) -> None:
    async def script(asked: Any) -> None:
        asked.write(asked.frame(bytes((0xA0, code))))

    async with wire.serve(script) as server:
        field = Field(RealClock(), settings=FieldSettings(timeout_s=20, read_retries=3))
        async with field.hold(MeterAddress(server.bus, 1, "DDSY1352-NK/F", HAIRDRESSER)) as lane:
            with pytest.raises(MeterRefused) as refused:
                await lane.top_up(NEXT)
        assert refused.value.code == code
        assert refused.value.retryable is retryable
        assert refused.value.may_have_been_applied is unknown
        assert len(server.asked) == 1
        await field.close()


async def test_reply_without_sense_may_have_been_applied(wire: Any) -> None:
    async def script(asked: Any) -> None:
        asked.write(asked.frame(asked.pdu[:5] + bytes((6, 0, 99, 0, 0, 0, 0))))

    async with wire.serve(script) as server:
        field = Field(RealClock(), settings=FieldSettings(timeout_s=20))
        async with field.hold(MeterAddress(server.bus, 1, "DDSY1352-NK/F", HAIRDRESSER)) as lane:
            with pytest.raises(UnreadableReply, match="result 99") as strange:
                await lane.top_up(NEXT)
        assert strange.value.may_have_been_applied
        await field.close()


async def test_link_that_breaks_under_a_top_up_leaves_it_unknown_and_unsent_again(wire: Any) -> None:
    async def script(asked: Any) -> None:
        asked.hang_up()

    async with wire.serve(script) as server:
        field = Field(RealClock(), settings=FieldSettings(timeout_s=20))
        async with field.hold(MeterAddress(server.bus, 1, "DDSY1352-NK/F", HAIRDRESSER)) as lane:
            with pytest.raises(LinkLost) as lost:
                await lane.top_up(NEXT)
        assert lost.value.may_have_been_applied
        assert len(server.asked) == 1
        await field.close()


async def test_polls_wait_while_a_lane_is_held(rig: Any) -> None:
    async with rig("tiny", ScaledClock(NOON, 0)) as there:
        meter = there.meters[HAIRDRESSER]
        async with there.field.hold(meter) as lane:
            poll = asyncio.create_task(there.field.read(there.meters[TO_LET]))
            await lane.evidence()
            await lane.top_up(NEXT)
            await lane.evidence()
            assert not poll.done()
            assert not there.farm.journal.requests(meter=TO_LET)
        await poll
        order = [entry.meter for entry in there.farm.journal]
        greeting = 1
        assert order == [HAIRDRESSER] * (greeting + 5) + [TO_LET] * (greeting + 3)
