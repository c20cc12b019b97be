"""Shifts and days: every movement of a till belongs to one closing, and what was counted is compared with the ledger."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prewatt_platform.control.errors import IdempotencyMismatch, ReasonMissing
from prewatt_platform.kernel.tenancy import Actor, Scope
from prewatt_platform.ledger.models import TransferKind
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKey, AccountKind
from prewatt_platform.ledger.service import Ledger
from prewatt_platform.tills.errors import DayRefused, NothingToClose, TillsOpen
from prewatt_platform.tills.models import DayClosing, TillClosing
from prewatt_platform.tills.repository import TillRepository
from prewatt_platform.tills.service import CASH, Till, TillService

pytestmark = pytest.mark.anyio

POINT = AccountKey(AccountKind.DELIVERED, "point")


@dataclass
class Cashier:
    """One operator with a till; orders are posted without a meter."""

    deployment: Any
    scope: Scope

    @property
    def till_key(self) -> AccountKey:
        return AccountKey(AccountKind.TILL, str(self.scope.actor.id))

    def colleague(self) -> "Cashier":
        scope = Scope(self.scope.project_id, Actor(uuid.uuid4(), "colleague"))
        return Cashier(self.deployment, scope)

    async def sell(self, amount_fen: int) -> uuid.UUID:
        order = uuid.uuid4()
        async with self.deployment.database.project(self.scope) as work:
            ledger = Ledger(work, "CNY")
            await ledger.reserve(TransferKind.SALE, order, {self.till_key: amount_fen})
        return order

    async def deliver(self, order: uuid.UUID, amount_fen: int) -> None:
        async with self.deployment.database.project(self.scope) as work:
            await Ledger(work, "CNY").apply(TransferKind.SALE, order, {POINT: amount_fen})

    async def void(self, order: uuid.UUID) -> None:
        async with self.deployment.database.project(self.scope) as work:
            await Ledger(work, "CNY").void(order)

    async def give_back(self, kind: TransferKind, amount_fen: int) -> None:
        order = uuid.uuid4()
        async with self.deployment.database.project(self.scope) as work:
            ledger = Ledger(work, "CNY")
            await ledger.reserve(kind, order, {POINT: amount_fen})
            await ledger.apply(kind, order, {self.till_key: amount_fen})

    async def till(self) -> Till:
        async with self.deployment.database.project(self.scope) as work:
            return await TillService(work).till()

    async def close(
        self, counted_fen: int, reason: str | None = None, key: uuid.UUID | None = None
    ) -> TillClosing:
        async with self.deployment.database.project(self.scope) as work:
            closing, _ = await TillService(work).close(key or uuid.uuid4(), counted_fen, reason)
        return closing

    async def close_day(self, day: date, key: uuid.UUID | None = None) -> DayClosing:
        async with self.deployment.database.project(self.scope) as work:
            closing, _ = await TillService(work).close_day(key or uuid.uuid4(), day)
        return closing

    async def balance_fen(self, kind: AccountKind, owner: str) -> int:
        async with self.deployment.database.project(self.scope) as work:
            return await LedgerRepository(work).balance_fen(kind, owner)

    @property
    def today(self) -> date:
        zone = ZoneInfo(self.deployment.project.timezone)
        today: date = self.deployment.platform.clock.now().astimezone(zone).date()
        return today


@pytest.fixture
async def cashier(open_deployment: Callable[..., Awaitable[Any]]) -> Cashier:
    deployment = await open_deployment("tiny")
    return Cashier(deployment, deployment.scope)


class TestShift:
    async def test_it_ties_out_and_the_cash_is_handed_over(self, cashier: Cashier) -> None:
        await cashier.deliver(await cashier.sell(5000), 5000)
        await cashier.void(await cashier.sell(700))
        await cashier.give_back(TransferKind.REFUND, 1200)
        await cashier.give_back(TransferKind.REVERSAL, 300)
        till = await cashier.till()
        assert (till.taken_fen, till.refunded_fen, till.reversed_fen) == (5000, 1200, 300)
        closing = await cashier.close(3500)
        assert (closing.number, closing.expected_fen, closing.opened_at) == (1, 3500, None)
        assert await cashier.balance_fen(AccountKind.TILL, cashier.till_key.owner) == 0
        assert await cashier.balance_fen(AccountKind.VAULT, CASH) == -3500

    async def test_the_next_shift_begins_empty(self, cashier: Cashier) -> None:
        late = await cashier.sell(700)
        first = await cashier.close(700)
        assert (await cashier.till()).expected_fen == 0
        with pytest.raises(NothingToClose):
            await cashier.close(0)
        await cashier.sell(900)
        await cashier.void(late)
        second = await cashier.close(200)
        assert (second.number, second.taken_fen, second.opened_at) == (2, 200, first.closed_at)

    async def test_a_difference_needs_a_reason_and_stays_visible(self, cashier: Cashier) -> None:
        await cashier.sell(5000)
        for reason in (None, "", " "):
            with pytest.raises(ReasonMissing):
                await cashier.close(4990, reason)
        closing = await cashier.close(4990, "wrong change")
        assert (closing.counted_fen, closing.expected_fen, closing.reason) == (4990, 5000, "wrong change")
        assert await cashier.balance_fen(AccountKind.CASH_DIFFERENCE, CASH) == -10
        await cashier.sell(100)
        await cashier.close(110, "found again")
        assert await cashier.balance_fen(AccountKind.CASH_DIFFERENCE, CASH) == 0

    async def test_more_paid_out_than_taken(self, cashier: Cashier) -> None:
        await cashier.colleague().deliver(await cashier.colleague().sell(5000), 5000)
        await cashier.give_back(TransferKind.REFUND, 1200)
        assert (await cashier.close(-1200)).expected_fen == -1200
        assert await cashier.balance_fen(AccountKind.VAULT, CASH) == 1200

    async def test_sold_and_given_back_in_full(self, cashier: Cashier) -> None:
        """Nothing is left to hand over, and the shift has its number."""
        await cashier.deliver(await cashier.sell(500), 500)
        await cashier.give_back(TransferKind.REVERSAL, 500)
        assert (await cashier.close(0)).number == 1
        with pytest.raises(NothingToClose):
            await cashier.close(0)

    async def test_one_key_one_closing_however_often_it_comes(self, cashier: Cashier) -> None:
        await cashier.sell(5000)
        key = uuid.uuid4()
        closings = await asyncio.gather(*(cashier.close(5000, key=key) for _ in range(20)))
        assert {closing.id for closing in closings} == {closings[0].id}
        assert await cashier.balance_fen(AccountKind.VAULT, CASH) == -5000
        with pytest.raises(IdempotencyMismatch):
            await cashier.close(5001, key=key)

    async def test_two_operators_at_once(self, cashier: Cashier) -> None:
        other = cashier.colleague()
        await asyncio.gather(cashier.sell(100), other.sell(200))
        first, second = await asyncio.gather(cashier.close(100), other.close(200))
        assert {first.number, second.number} == {1, 2}
        assert await cashier.balance_fen(AccountKind.VAULT, CASH) == -300

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(amounts=st.lists(st.integers(1, 10_000) | st.just(0), min_size=1, max_size=12))
    async def test_closings_at_any_moment_share_the_movements_out(
        self, cashier: Cashier, amounts: list[int]
    ) -> None:
        """0 stands for a closing. What all shifts took is what was taken."""
        own = cashier.colleague()
        closed_fen = 0
        for amount_fen in amounts:
            if amount_fen:
                await own.sell(amount_fen)
                continue
            try:
                closed_fen += (await own.close((await own.till()).expected_fen)).taken_fen
            except NothingToClose:
                assert (await own.till()).expected_fen == 0
        assert closed_fen + (await own.till()).taken_fen == sum(amounts)


class TestDay:
    async def test_sums_the_closings_and_ends_once(self, cashier: Cashier) -> None:
        other = cashier.colleague()
        await cashier.sell(100)
        await cashier.close(100)
        await other.sell(250)
        with pytest.raises(TillsOpen, match="1 tills"):
            await cashier.close_day(cashier.today)
        await other.close(200, "short")
        with pytest.raises(DayRefused, match="has not come"):
            await cashier.close_day(cashier.today + timedelta(days=1))
        key = uuid.uuid4()
        closing = await cashier.close_day(cashier.today, key)
        assert (await cashier.close_day(cashier.today, key)).id == closing.id
        async with cashier.deployment.database.project(cashier.scope) as work:
            rows = await TillRepository(work).of_day(cashier.today)
        assert [(row.number, row.counted_fen) for row in rows] == [(1, 100), (2, 200)]
        with pytest.raises(DayRefused, match="closed already"):
            await cashier.close_day(cashier.today)
        with pytest.raises(NothingToClose):
            await cashier.close_day(cashier.today - timedelta(days=1))
