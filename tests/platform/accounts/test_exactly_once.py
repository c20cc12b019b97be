"""Exactly once: lost requests, lost and late replies, silence, and the death of the platform at the worst moments.

Every test ends with the same questions: did the meter's count and total rise once, and does the ledger say so?
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prewatt_fixtures.clock import ManualClock
from prewatt_fixtures.endpoints import Framing
from prewatt_fixtures.wire.pdu import READ_HOLDING, VENDOR
from prewatt_fixtures.wire.vendor import TopUp, encode_request
from prewatt_platform.control.models import Command, CommandState
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.control.service import ControlService
from prewatt_platform.kernel.settings import Settings
from prewatt_platform.ledger.rules import AccountKind
from prewatt_platform.metering.repository import MeterRepository
from prewatt_simulator.faults import Fault

pytestmark = pytest.mark.anyio

OpenShop = Callable[..., Awaitable[Any]]

QUICK = Settings(read_timeout_s=0.4, read_retries=0)

AMOUNT_FEN = 5000
LATE_S = 1.0
"""Later than the platform's time-out in these tests (0.4 s)."""


class Promise:
    """What must be true of one sale, whatever happened on the way."""

    def __init__(self, shop: Any, sold_fen: int = 0) -> None:
        shop.deployment.farm.journal.clear()
        self.shop = shop
        self.sold_fen = sold_fen
        self.count = shop.meter.purchase_count
        self.total_fen = shop.meter.total_purchased_fen

    async def kept(self, command: Command) -> None:
        """APPLIED, and applied once; every frame that left was the same frame."""
        shop = self.shop
        assert command.state == CommandState.APPLIED, command.detail
        assert shop.meter.purchase_count == self.count + 1
        assert shop.meter.total_purchased_fen == self.total_fen + AMOUNT_FEN
        assert set(shop.top_ups()) == {encode_request(TopUp(AMOUNT_FEN, self.count + 1))}
        assert await shop.delivered_fen() == shop.meter.total_purchased_fen
        assert await shop.ledger_fen(AccountKind.PENDING, command.id) == 0
        assert await shop.ledger_fen(AccountKind.TILL, command.actor_id) == -self.sold_fen - AMOUNT_FEN


@pytest.mark.parametrize("framing", ["rtu", "tcp"])
class TestOneFault:
    async def test_request_lost(self, open_shop: OpenShop, framing: Framing) -> None:
        shop = await open_shop(framing=framing)
        promise = Promise(shop)
        shop.deployment.farm.faults.add(
            Fault(kind="lose-request", meter=shop.number, function=VENDOR, count=1)
        )
        await promise.kept(await shop.deployment.ended((await shop.sell(AMOUNT_FEN)).id))
        assert len(shop.top_ups()) == 2

    async def test_reply_lost(self, open_shop: OpenShop, framing: Framing) -> None:
        shop = await open_shop(framing=framing)
        promise = Promise(shop)
        shop.deployment.farm.faults.add(Fault(kind="lose-reply", meter=shop.number, function=VENDOR, count=1))
        await promise.kept(await shop.deployment.ended((await shop.sell(AMOUNT_FEN)).id))
        assert len(shop.top_ups()) == 1

    async def test_reply_later_than_the_timeout(
        self, open_shop: OpenShop, framing: Framing, hurried: Any
    ) -> None:
        shop = await open_shop(framing=framing, clock=hurried)
        promise = Promise(shop)
        late = Fault(
            kind="delay-reply", meter=shop.number, function=VENDOR, count=1, delay_s=LATE_S * hurried.speed
        )
        shop.deployment.farm.faults.add(late)
        await promise.kept(await shop.deployment.ended((await shop.sell(AMOUNT_FEN)).id))
        assert len(shop.top_ups()) == 1

    async def test_evidence_is_late(self, open_shop: OpenShop, framing: Framing, hurried: Any) -> None:
        """The read-back's answer comes after its time-out and must not be taken for the next one's."""
        shop = await open_shop(framing=framing, clock=hurried)
        promise = Promise(shop)
        late = Fault(
            kind="delay-reply",
            meter=shop.number,
            function=READ_HOLDING,
            skip=2,
            count=1,
            delay_s=LATE_S * hurried.speed,
        )
        shop.deployment.farm.faults.add(late)
        await promise.kept(await shop.deployment.ended((await shop.sell(AMOUNT_FEN)).id))


class TestStubborn:
    async def test_every_frame_of_a_hold_is_lost(self, open_shop: OpenShop, hurried: Any) -> None:
        """The meter answers questions and never hears the sale: the order waits, and the same frame goes again."""
        shop = await open_shop(clock=hurried)
        promise = Promise(shop)
        shop.deployment.farm.faults.add(
            Fault(kind="lose-request", meter=shop.number, function=VENDOR, count=3)
        )
        order = await shop.sell(AMOUNT_FEN)
        await promise.kept(await shop.deployment.ended(order.id))
        assert len(shop.top_ups()) == 4


class TestSilence:
    async def test_silent_before_anything_was_sent(self, open_shop: OpenShop, hurried: Any) -> None:
        """The order stays RESERVED and goes when the meter is back."""
        shop = await open_shop(clock=hurried)
        promise = Promise(shop)
        silence = shop.deployment.farm.faults.add(Fault(kind="dead-meter", meter=shop.number))
        order = await shop.sell(AMOUNT_FEN)
        await _until_state(shop, order, CommandState.RESERVED, attempts=1)
        shop.deployment.farm.faults.remove(silence)
        await promise.kept(await shop.deployment.ended(order.id))

    async def test_silent_after_the_frame(self, open_shop: OpenShop, hurried: Any) -> None:
        """UNKNOWN is neither success nor failure: the money stays reserved until the meter tells."""
        shop = await open_shop(clock=hurried)
        promise = Promise(shop)
        faults = shop.deployment.farm.faults
        faults.add(Fault(kind="lose-reply", meter=shop.number, function=VENDOR))
        faults.add(Fault(kind="lose-reply", meter=shop.number, function=READ_HOLDING, skip=2))
        order = await shop.sell(AMOUNT_FEN)
        unknown = await _until_state(shop, order, CommandState.UNKNOWN, attempts=1)
        assert await shop.ledger_fen(AccountKind.PENDING, unknown.id) == AMOUNT_FEN
        faults.clear()
        await promise.kept(await shop.deployment.ended(order.id))
        assert len(shop.top_ups()) == 1

    async def test_first_asked_again_within_ten_seconds(self, open_shop: OpenShop) -> None:
        """On the real clock: one take-up is one attempt, however many frames it sent."""
        shop = await open_shop()
        faults = shop.deployment.farm.faults
        faults.add(Fault(kind="lose-reply", meter=shop.number, function=VENDOR))
        faults.add(Fault(kind="lose-reply", meter=shop.number, function=READ_HOLDING, skip=2))
        unknown = await _until_state(shop, await shop.sell(AMOUNT_FEN), CommandState.UNKNOWN, attempts=1)
        assert unknown.attempts == 1
        assert unknown.due_at is not None
        assert unknown.due_at - unknown.updated_at <= timedelta(seconds=10)

    async def test_dead_gateway(self, open_shop: OpenShop, hurried: Any) -> None:
        shop = await open_shop(clock=hurried)
        promise = Promise(shop)
        dead = shop.deployment.farm.faults.add(Fault(kind="dead-gateway", gateway=shop.number[:6]))
        order = await shop.sell(AMOUNT_FEN)
        await _until_state(shop, order, CommandState.RESERVED, attempts=2)
        shop.deployment.farm.faults.remove(dead)
        await promise.kept(await shop.deployment.ended(order.id))


class TestContradiction:
    async def test_somebody_else_tops_up_meanwhile(self, open_shop: OpenShop, hurried: Any) -> None:
        """Count as planned, total not: nobody but a person can tell; the money stays reserved."""
        shop = await open_shop(clock=hurried)
        faults = shop.deployment.farm.faults
        faults.add(Fault(kind="lose-request", meter=shop.number, function=VENDOR))
        faults.add(Fault(kind="lose-reply", meter=shop.number, function=READ_HOLDING, skip=2))
        order = await shop.sell(AMOUNT_FEN)
        await _until_state(shop, order, CommandState.UNKNOWN, attempts=1)
        faults.clear()
        shop.exchange(encode_request(TopUp(777, shop.meter.purchase_count + 1)))
        disputed = await shop.deployment.ended(order.id)
        assert disputed.state == CommandState.DISPUTED
        assert await shop.ledger_fen(AccountKind.PENDING, order.id) == AMOUNT_FEN
        assert "disputed order" in ((await shop.row()).hold_reason or "")


class TestDeathOfThePlatform:
    """A real process, killed for real: no `finally`, no rollback but the database's own."""

    @pytest.mark.parametrize("moment", ["before", "after"])
    async def test_killed_around_the_frame(self, open_shop: OpenShop, database_url: str, moment: str) -> None:
        shop = await open_shop(work=None)
        promise = Promise(shop)
        order = await shop.sell(AMOUNT_FEN)
        child = await asyncio.create_subprocess_exec(
            sys.executable, str(Path(__file__).with_name("dying_platform.py")), database_url, moment
        )
        async with asyncio.timeout(60):
            assert await child.wait() == -9
        planned = await _state(shop, order)
        assert planned.state == CommandState.PLANNED, "the intent is committed before the frame leaves"
        if moment == "after":
            await shop.deployment.until(lambda: _arrived(shop))
        else:
            assert not shop.top_ups()
        await shop.deployment.platform.start("collector")
        await promise.kept(await shop.deployment.ended(order.id))
        assert len(shop.top_ups()) == 1

    async def test_stopped_with_an_order_open(self, open_shop: OpenShop) -> None:
        """An orderly stop leaves the order where it is; the next start resumes it."""
        shop = await open_shop()
        promise = Promise(shop)
        faults = shop.deployment.farm.faults
        faults.add(Fault(kind="lose-reply", meter=shop.number, function=VENDOR))
        order = await shop.sell(AMOUNT_FEN)
        await shop.deployment.until(lambda: _arrived(shop))
        await shop.deployment.platform.stop()
        faults.clear()
        from prewatt_platform.app import Platform

        shop.deployment.platform = Platform(
            shop.deployment.platform.database.url, shop.deployment.platform.settings
        )
        await shop.deployment.platform.start("collector")
        try:
            await promise.kept(await shop.deployment.ended(order.id))
        finally:
            await shop.deployment.platform.stop()
        assert len(shop.top_ups()) == 1


frame_fates = st.lists(st.sampled_from(["pass", "lose-request", "lose-reply", "delay-reply"]), max_size=12)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(fates=frame_fates)
async def test_any_schedule_of_faults(shop: Any, fates: list[str]) -> None:
    """Each of the sale's first frames passes, is lost, or is answered late; then the wire behaves."""
    clock, faults = shop.deployment.platform.clock, shop.deployment.farm.faults
    promise = Promise(shop, -await shop.ledger_fen(AccountKind.TILL, shop.deployment.scope.actor.id))
    for position, fate in enumerate(fates):
        if fate != "pass":
            delay_s = LATE_S * clock.speed if fate == "delay-reply" else None
            faults.add(Fault(kind=fate, meter=shop.number, skip=position, count=1, delay_s=delay_s))
    order = await shop.sell(AMOUNT_FEN)
    command = await shop.deployment.ended(order.id, 60)
    faults.clear()
    await promise.kept(command)


async def _state(shop: Any, command: Command) -> Command:
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        found = await CommandRepository(work).by_id(command.id)
    assert found is not None
    return found


async def _until_state(shop: Any, command: Command, state: CommandState, *, attempts: int) -> Command:
    async def there() -> Command | None:
        now = await _state(shop, command)
        return now if now.state == state and now.attempts >= attempts else None

    found: Command = await shop.deployment.until(there)
    return found


async def _arrived(shop: Any) -> bool:
    return bool(shop.top_ups())


class TestHeard:
    async def test_a_reading_that_shows_count_and_total_ends_the_order(self, open_shop: OpenShop) -> None:
        """No clock moves: only the reading can have ended it."""
        clock = ManualClock(datetime(2026, 1, 5, 4, tzinfo=UTC))
        shop = await open_shop(clock=clock)
        promise = Promise(shop)
        faults = shop.deployment.farm.faults
        faults.add(Fault(kind="lose-reply", meter=shop.number, function=VENDOR))
        faults.add(Fault(kind="lose-reply", meter=shop.number, function=READ_HOLDING, skip=2))
        order = await shop.sell(AMOUNT_FEN)
        await _until_state(shop, order, CommandState.UNKNOWN, attempts=1)
        faults.clear()
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            refresh = await ControlService(work).refresh(shop.number)
        await shop.deployment.ended(refresh.id)
        await promise.kept(await shop.deployment.ended(order.id))
        assert len(shop.top_ups()) == 1

    async def test_a_stale_picture_is_no_evidence(self, open_shop: OpenShop, hurried: Any) -> None:
        """The meter shows the count and total of an hour ago: the order waits instead of being disputed."""
        shop = await open_shop(clock=hurried)
        promise = Promise(shop)
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            meter = await MeterRepository(work).by_number(shop.number)
            assert meter is not None
            state = await MeterRepository(work).state(meter.id)
            assert state.meter_clock is not None
            state.meter_clock += timedelta(days=1)
            assert state.energy_centikwh is not None
            state.energy_centikwh += 10**6
        order = await shop.sell(AMOUNT_FEN)
        waiting = await _until_state(shop, order, CommandState.RESERVED, attempts=1)
        assert "old register picture" in (waiting.detail or "")
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            state = await MeterRepository(work).state(meter.id)
            state.meter_clock, state.energy_centikwh = None, None
        await promise.kept(await shop.deployment.ended(order.id))
