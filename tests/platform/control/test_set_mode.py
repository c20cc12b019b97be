"""A control mode is wanted, written at most as often as it must be, and believed only when it is read back."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from prewatt_fixtures.clock import ManualClock, ScaledClock
from prewatt_fixtures.wire.pdu import READ_HOLDING, WRITE_MULTIPLE
from prewatt_platform.control.errors import NotPrepaid
from prewatt_platform.control.models import Command
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.control.rules import RELAY_WRITES_MAX
from prewatt_platform.control.service import ControlService
from prewatt_platform.kernel.audit import AuditEvent
from prewatt_platform.kernel.settings import Settings
from prewatt_platform.metering.errors import GatewayUnreachable
from prewatt_platform.metering.models import ControlMode
from prewatt_platform.metering.repository import MeterRepository
from prewatt_simulator.faults import Fault, FaultKind

if TYPE_CHECKING:
    from conftest import Deployment

pytestmark = pytest.mark.anyio

OpenDeployment = Callable[..., Awaitable["Deployment"]]
METER = "0000010202"
START = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)


async def want(
    deployment: "Deployment", mode: ControlMode, number: str = METER, key: uuid.UUID | None = None
) -> Command:
    async with deployment.database.project(deployment.scope) as work:
        command, _ = await ControlService(work).set_mode(key or uuid.uuid4(), number, mode)
    return command


async def commands(deployment: "Deployment") -> list[Command]:
    async with deployment.database.project(deployment.scope) as work:
        return list((await work.session.execute(select(Command).order_by(col(Command.created_at)))).scalars())


def writes(deployment: "Deployment", number: str = METER) -> list[tuple[int, int]]:
    """What forced control was told, as (mode, state), by every frame that reached the bus."""
    return [
        (int.from_bytes(entry.request[6:8], "big"), int.from_bytes(entry.request[8:10], "big"))
        for entry in deployment.farm.journal.writes(number)
    ]


def quick_days() -> dict[str, Any]:
    """Waits of minutes pass in a second; the wire stays as it is."""
    speed = 600
    return {
        "clock": ScaledClock(START, speed),
        "settings": Settings(read_timeout_s=0.3, read_retries=0, tick_s=0.1 * speed),
    }


def by_hand() -> dict[str, Any]:
    """Time passes when the test says so; an answer is waited for a moment."""
    return {"clock": ManualClock(START), "settings": Settings(read_timeout_s=0.1, read_retries=0)}


async def pass_time_until(deployment: "Deployment", condition: Callable[[], Awaitable[bool]]) -> None:
    """A minute after another, until what is waited for is so."""
    clock = deployment.platform.clock
    assert isinstance(clock, ManualClock)

    async def met() -> bool:
        if not await condition():
            clock.advance(60)
            return False
        return True

    await deployment.until(met)


async def tried(deployment: "Deployment", times: int) -> bool:
    return (await commands(deployment))[0].attempts >= times


async def final(deployment: "Deployment") -> bool:
    return all(command.final for command in await commands(deployment))


class TestThrough:
    @pytest.mark.parametrize(
        ("mode", "written", "closed", "forced"),
        [
            (ControlMode.FORCED_OFF, (1, 1), False, False),
            (ControlMode.KEEP_SUPPLY, (1, 0), True, True),
        ],
    )
    async def test_the_relay_follows_and_one_frame_is_written(
        self,
        open_deployment: OpenDeployment,
        mode: ControlMode,
        written: tuple[int, int],
        closed: bool,
        forced: bool,
    ) -> None:
        deployment = await open_deployment(work="all")
        done = await deployment.ended((await want(deployment, mode)).id)
        assert (done.state, done.detail, done.attempts) == ("SUCCEEDED", None, 1)
        meter = deployment.farm.meter(METER)
        assert (meter.relay_closed, meter.forced) == (closed, forced)
        assert writes(deployment) == [written]

    async def test_back_to_prepaid_forced_mode_is_zero(self, open_deployment: OpenDeployment) -> None:
        deployment = await open_deployment(work="all")
        for mode in (ControlMode.FORCED_OFF, ControlMode.PREPAID):
            assert (await deployment.ended((await want(deployment, mode)).id)).state == "SUCCEEDED"
        meter = deployment.farm.meter(METER)
        assert (meter.relay_closed, meter.forced) == (True, None)
        assert writes(deployment) == [(1, 1), (0, 0)]

    async def test_what_is_so_already_is_not_written(self, open_deployment: OpenDeployment) -> None:
        deployment = await open_deployment(work="all")
        assert (await deployment.ended((await want(deployment, ControlMode.PREPAID)).id)).state == "SUCCEEDED"
        assert writes(deployment) == []

    async def test_what_was_read_back_is_stored_as_the_meter_s_state(
        self, open_deployment: OpenDeployment
    ) -> None:
        deployment = await open_deployment(work="all")
        done = await deployment.ended((await want(deployment, ControlMode.FORCED_OFF)).id)
        async with deployment.database.project(deployment.scope) as work:
            meters = MeterRepository(work)
            assert (await meters.state(done.meter_id)).relay == "OPEN"
            meter = await meters.by_id(done.meter_id)
            assert meter is not None
            assert (await meters.point(meter.point_id)).control_mode == "FORCED_OFF"


class TestLost:
    @pytest.mark.parametrize(
        ("fault", "frames"),
        [
            (Fault(kind=FaultKind.LOSE_REQUEST, meter=METER, function=WRITE_MULTIPLE, count=1), 2),
            (Fault(kind=FaultKind.LOSE_REPLY, meter=METER, function=WRITE_MULTIPLE, count=1), 1),
            (
                Fault(kind=FaultKind.DELAY_REPLY, meter=METER, function=WRITE_MULTIPLE, count=1, delay_s=360),
                1,
            ),
        ],
        ids=["request lost", "reply lost", "reply late"],
    )
    async def test_a_lost_write_ends_as_wanted_and_a_heard_one_is_not_repeated(
        self, open_deployment: OpenDeployment, fault: Fault, frames: int
    ) -> None:
        deployment = await open_deployment(**quick_days())
        handle = deployment.farm.faults.add(fault)
        await deployment.platform.start()
        done = await deployment.ended((await want(deployment, ControlMode.FORCED_OFF)).id)
        assert handle.fired == 1
        assert done.state == "SUCCEEDED"
        assert deployment.farm.meter(METER).forced is False
        assert writes(deployment) == [(1, 1)] * frames

    async def test_after_a_lost_reply_the_meter_is_asked_again_within_two_seconds(
        self, open_deployment: OpenDeployment
    ) -> None:
        deployment = await open_deployment(**by_hand())
        deployment.farm.faults.add(Fault(kind=FaultKind.LOSE_REPLY, meter=METER, function=WRITE_MULTIPLE))
        await deployment.platform.start()
        command = await want(deployment, ControlMode.FORCED_OFF)

        async def unknown() -> Command | None:
            (found,) = await commands(deployment)
            return found if found.state == "UNKNOWN" else None

        found = await deployment.until(unknown)
        assert found is not None
        assert found.id == command.id
        assert found.due_at is not None
        # at once when the scheduled reading has heard the meter meanwhile
        assert (found.due_at - found.updated_at).total_seconds() <= 2
        assert found.detail is not None
        assert "no reply" in found.detail

    async def test_a_silent_meter_is_asked_for_as_long_as_it_takes(
        self, open_deployment: OpenDeployment
    ) -> None:
        deployment = await open_deployment(**by_hand())
        dead = deployment.farm.faults.add(Fault(kind=FaultKind.DEAD_METER, meter=METER))
        await deployment.platform.start()
        command = await want(deployment, ControlMode.FORCED_OFF)
        await pass_time_until(deployment, lambda: tried(deployment, 5))
        deployment.farm.faults.remove(dead)
        await pass_time_until(deployment, lambda: final(deployment))
        assert (await deployment.ended(command.id)).state == "SUCCEEDED"
        assert writes(deployment) == [(1, 1)]


class TestStuck:
    async def test_a_relay_that_does_not_follow_is_written_a_few_times_and_given_up(
        self, open_deployment: OpenDeployment
    ) -> None:
        deployment = await open_deployment(**by_hand())
        deployment.farm.faults.add(Fault(kind=FaultKind.WELD_RELAY, meter=METER, relay="closed"))
        await deployment.platform.start()
        command = await want(deployment, ControlMode.FORCED_OFF)
        await pass_time_until(deployment, lambda: final(deployment))
        done = await deployment.ended(command.id)
        assert done.state == "FAILED"
        assert done.detail == (
            "forced control reads FORCED_OFF, the relay closed: somebody has to look at the meter"
        )
        assert writes(deployment) == [(1, 1)] * RELAY_WRITES_MAX

    async def test_a_meter_that_refuses_fails_it_at_once(self, open_deployment: OpenDeployment) -> None:
        deployment = await open_deployment()
        refusal = Fault(kind=FaultKind.EXCEPTION, meter=METER, function=WRITE_MULTIPLE, code=1)
        deployment.farm.faults.add(refusal)
        await deployment.platform.start()
        done = await deployment.ended((await want(deployment, ControlMode.FORCED_OFF)).id)
        assert done.state == "FAILED"
        assert done.detail is not None
        assert "exception 0x01" in done.detail
        assert len(writes(deployment)) == 1

    @pytest.mark.parametrize(
        "code", [5, 6, 0x0B], ids=["acknowledge", "busy", "no answer behind the gateway"]
    )
    async def test_a_refusal_that_may_pass_is_no_end(
        self, open_deployment: OpenDeployment, code: int
    ) -> None:
        deployment = await open_deployment(**by_hand())
        refusal = Fault(kind=FaultKind.EXCEPTION, meter=METER, function=WRITE_MULTIPLE, code=code, count=1)
        deployment.farm.faults.add(refusal)
        await deployment.platform.start()
        command = await want(deployment, ControlMode.FORCED_OFF)
        await pass_time_until(deployment, lambda: final(deployment))
        assert (await deployment.ended(command.id)).state == "SUCCEEDED"
        assert writes(deployment) == [(1, 1)] * 2


class TestNewer:
    async def test_a_newer_wish_supersedes_an_older_one_that_was_not_sent(
        self, open_deployment: OpenDeployment
    ) -> None:
        deployment = await open_deployment()
        older = await want(deployment, ControlMode.FORCED_OFF)
        newer = await want(deployment, ControlMode.KEEP_SUPPLY)
        async with deployment.database.project(deployment.scope) as work:
            found = await CommandRepository(work).by_id(older.id)
        assert found is not None
        assert (found.state, found.due_at) == ("SUPERSEDED", None)
        await deployment.platform.start()
        assert (await deployment.ended(newer.id)).state == "SUCCEEDED"
        assert writes(deployment) == [(1, 0)]

    async def test_one_that_waits_in_doubt_writes_nothing_after_a_newer_one(
        self, open_deployment: OpenDeployment
    ) -> None:
        deployment = await open_deployment(**by_hand())
        lost = Fault(kind=FaultKind.LOSE_REQUEST, meter=METER, function=WRITE_MULTIPLE, count=1)
        deployment.farm.faults.add(lost)
        await deployment.platform.start()
        older = await want(deployment, ControlMode.FORCED_OFF)

        async def in_doubt() -> bool:
            return (await commands(deployment))[0].state == "UNKNOWN"

        await deployment.until(in_doubt)
        newer = await want(deployment, ControlMode.KEEP_SUPPLY)
        assert (await deployment.ended(newer.id)).state == "SUCCEEDED"
        assert (await deployment.ended(older.id)).state == "SUPERSEDED"
        assert writes(deployment) == [(1, 1), (1, 0)]
        assert deployment.farm.meter(METER).relay_closed

    async def test_one_in_doubt_is_overtaken_while_it_reads_and_does_not_write_again(
        self, open_deployment: OpenDeployment
    ) -> None:
        deployment = await open_deployment(clock=ManualClock(START), settings=Settings(read_timeout_s=30))
        refused = Fault(kind=FaultKind.EXCEPTION, meter=METER, function=WRITE_MULTIPLE, code=0x0B, count=1)
        slow = Fault(
            kind=FaultKind.DELAY_REPLY,
            meter=METER,
            function=READ_HOLDING,
            since=START + timedelta(seconds=10),
            delay_s=60,
            count=1,
        )
        deployment.farm.faults.add(refused)
        handle = deployment.farm.faults.add(slow)
        await deployment.platform.start()
        older = await want(deployment, ControlMode.FORCED_OFF)
        await deployment.until(lambda: tried(deployment, 1))

        async def reading() -> bool:
            return handle.fired == 1

        await pass_time_until(deployment, reading)
        newer = await want(deployment, ControlMode.KEEP_SUPPLY)
        await pass_time_until(deployment, lambda: final(deployment))
        assert (await deployment.ended(older.id)).state == "SUPERSEDED"
        assert (await deployment.ended(newer.id)).state == "SUCCEEDED"
        assert writes(deployment) == [(1, 1), (1, 0)]

    async def test_one_in_doubt_is_overtaken_when_the_meter_answers_nothing_too(
        self, open_deployment: OpenDeployment
    ) -> None:
        deployment = await open_deployment(**by_hand())
        deployment.farm.faults.add(Fault(kind=FaultKind.DEAD_METER, meter=METER))
        await deployment.platform.start()
        older = await want(deployment, ControlMode.FORCED_OFF)
        await deployment.until(lambda: tried(deployment, 1))
        newer = await want(deployment, ControlMode.KEEP_SUPPLY)

        async def overtaken() -> bool:
            states = {command.id: command.state for command in await commands(deployment)}
            return states[older.id] == "SUPERSEDED" and states[newer.id] == "UNKNOWN"

        await pass_time_until(deployment, overtaken)

    async def test_one_that_waits_for_its_bus_writes_nothing_after_a_newer_one(
        self, open_deployment: OpenDeployment
    ) -> None:
        """The older read the meter already; the newest wish counts at the moment of sending."""
        deployment = await open_deployment(settings=Settings(read_timeout_s=30))
        reads = Fault(kind=FaultKind.DELAY_REPLY, meter=METER, function=READ_HOLDING, count=1, delay_s=1)
        handle = deployment.farm.faults.add(reads)
        older = await want(deployment, ControlMode.FORCED_OFF)
        await deployment.platform.start()

        async def reading() -> bool:
            return handle.fired == 1

        await deployment.until(reading)
        newer = await want(deployment, ControlMode.KEEP_SUPPLY)
        assert (await deployment.ended(older.id)).state == "SUPERSEDED"
        assert (await deployment.ended(newer.id)).state == "SUCCEEDED"
        assert writes(deployment) == [(1, 0)]


class TestRefused:
    async def test_a_postpaid_meter(self, open_deployment: OpenDeployment) -> None:
        deployment = await open_deployment()
        with pytest.raises(NotPrepaid, match=r"0000010101 \(ADW300"):
            await want(deployment, ControlMode.FORCED_OFF, "0000010101")
        assert await commands(deployment) == []

    async def test_a_meter_that_nobody_can_reach(self, open_deployment: OpenDeployment) -> None:
        deployment = await open_deployment(known=False)
        with pytest.raises(GatewayUnreachable):
            await want(deployment, ControlMode.FORCED_OFF)
        assert await commands(deployment) == []


class TestAudit:
    async def test_who_wanted_what_stands_with_the_change(self, open_deployment: OpenDeployment) -> None:
        deployment = await open_deployment()
        command = await want(deployment, ControlMode.FORCED_OFF)
        async with deployment.database.project(deployment.scope) as work:
            wanted = select(AuditEvent).where(AuditEvent.action == "control mode wanted")
            (event,) = (await work.session.execute(wanted)).scalars()
        assert (event.actor_id, event.actor_name, event.subject) == (
            deployment.scope.actor.id,
            "test operator",
            f"meter {METER}",
        )
        assert event.detail == {
            "command": str(command.id),
            "before": "PREPAID",
            "after": "FORCED_OFF",
            "reason": None,
        }

    async def test_every_step_of_the_command_leaves_a_row(self, open_deployment: OpenDeployment) -> None:
        deployment = await open_deployment(work="all")
        command = await deployment.ended((await want(deployment, ControlMode.FORCED_OFF)).id)
        async with deployment.database.project(deployment.scope) as work:
            events = (await work.session.execute(select(AuditEvent).order_by(col(AuditEvent.id)))).scalars()
            steps = [event.action for event in events if event.detail.get("command") == str(command.id)]
        assert steps == ["control mode wanted", "CONTROL_MODE SENT", "CONTROL_MODE SUCCEEDED"]

    async def test_what_is_rolled_back_leaves_neither_wish_nor_command_nor_row(
        self, open_deployment: OpenDeployment
    ) -> None:
        deployment = await open_deployment()

        async def change_one_s_mind() -> None:
            async with deployment.database.project(deployment.scope) as work:
                await ControlService(work).set_mode(uuid.uuid4(), METER, ControlMode.FORCED_OFF)
                await work.session.flush()
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await change_one_s_mind()
        assert await commands(deployment) == []
        async with deployment.database.project(deployment.scope) as work:
            left = text(
                "SELECT (SELECT count(*) FROM audit_events WHERE action LIKE 'control%'),"
                " (SELECT count(*) FROM idempotency_keys), (SELECT sum(control_version) FROM points)"
            )
            assert tuple((await work.session.execute(left)).one()) == (0, 0, 0)
