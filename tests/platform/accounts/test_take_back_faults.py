"""Refunds and reversals under lost and late frames, and through the death of the platform: taken back exactly once."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prewatt_platform.control.models import Command, CommandKind, CommandState
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.ledger.rules import AccountKind
from prewatt_simulator.faults import Fault

from .conftest import Shop

pytestmark = pytest.mark.anyio

OpenShop = Callable[..., Awaitable[Shop]]

SOLD_FEN = 5000
REFUND_FEN = 1200
LATE_S = 1.0
"""Later than the platform's time-out in these tests (0.4 s)."""

kinds = st.sampled_from([CommandKind.REFUND, CommandKind.REVERSAL])
frame_fates = st.lists(st.sampled_from(["pass", "lose-request", "lose-reply", "delay-reply"]), max_size=12)


class Promise:
    """What must be true of one refund or reversal that follows a sale, whatever happened on the way."""

    def __init__(self, shop: Shop, till_fen: int) -> None:
        self.shop = shop
        self.till_fen = till_fen
        self.count = shop.meter.purchase_count
        self.total_fen = shop.meter.total_purchased_fen
        self.remaining_fen = shop.meter.remaining_fen

    async def kept(self, command: Command, amount_fen: int) -> None:
        """APPLIED, and applied once: count, total, credit, ledger and till."""
        shop = self.shop
        assert command.state == CommandState.APPLIED, command.detail
        assert shop.meter.purchase_count == self.count + 1
        assert shop.meter.total_purchased_fen == self.total_fen - amount_fen
        assert shop.meter.remaining_fen <= self.remaining_fen - amount_fen, "an old credit was written"
        assert await shop.delivered_fen() == shop.meter.total_purchased_fen
        assert await shop.ledger_fen(AccountKind.PENDING, command.id) == 0
        assert await till_fen(shop) == self.till_fen + amount_fen


async def till_fen(shop: Shop) -> int:
    return await shop.ledger_fen(AccountKind.TILL, shop.deployment.scope.actor.id)


async def ask(shop: Shop, kind: CommandKind, sale: Command) -> tuple[Command, int]:
    """A refund, or the reversal of the sale; and the amount that it takes back."""
    if kind is CommandKind.REVERSAL:
        return await shop.reverse(sale), SOLD_FEN
    command = await shop.refund(REFUND_FEN)
    assert command is not None
    return command, REFUND_FEN


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(kind=kinds, fates=frame_fates)
async def test_any_schedule_of_faults(shop: Shop, kind: CommandKind, fates: list[str]) -> None:
    """Each of the order's first frames passes, is lost, or is answered late; then the wire behaves."""
    clock, faults = shop.deployment.platform.clock, shop.deployment.farm.faults
    sale = await shop.sold(SOLD_FEN)
    promise = Promise(shop, await till_fen(shop))
    for position, fate in enumerate(fates):
        if fate != "pass":
            delay_s = LATE_S * clock.speed if fate == "delay-reply" else None
            faults.add(Fault(kind=fate, meter=shop.number, skip=position, count=1, delay_s=delay_s))
    order, amount_fen = await ask(shop, kind, sale)
    command = await shop.deployment.ended(order.id, 60)
    faults.clear()
    await promise.kept(command, amount_fen)


@pytest.mark.parametrize("kind", [CommandKind.REFUND, CommandKind.REVERSAL])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_killed_around_the_frame(
    open_shop: OpenShop, database_url: str, kind: CommandKind, moment: str
) -> None:
    """A real process, killed for real. The frame of the dead process may be on its way while the next one reads."""
    shop = await open_shop()
    sale = await shop.sold(SOLD_FEN)
    await shop.deployment.platform.stop()
    promise = Promise(shop, await till_fen(shop))
    order, amount_fen = await ask(shop, kind, sale)
    shop.deployment.farm.journal.clear()
    child = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).with_name("dying_platform.py")), database_url, moment
    )
    async with asyncio.timeout(60):
        assert await child.wait() == -9
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        planned = await CommandRepository(work).by_id(order.id)
    assert planned is not None
    assert planned.state == CommandState.PLANNED, "the intent is committed before the frame leaves"
    await shop.restart()
    await promise.kept(await shop.ended(order), amount_fen)
    await shop.assert_clean()
