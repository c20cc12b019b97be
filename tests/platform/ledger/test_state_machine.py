"""The ledger against an independent model, over real PostgreSQL: nothing is lost, doubled or moved between fundings.

`LEDGER_EXAMPLES` and `LEDGER_STEPS` make the run longer: `make campaign ARGS=ledger` runs 2,000 × 50.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy.exc import IntegrityError

from prewatt_fixtures.clock import RealClock
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.ids import IdMaker
from prewatt_platform.kernel.tenancy import PLATFORM, Scope
from prewatt_platform.ledger.models import Step, TransferKind
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKey, AccountKind, Funding, moved
from prewatt_platform.ledger.service import Ledger
from prewatt_platform.projects.models import Project
from prewatt_platform.projects.repository import ProjectRepository

EXAMPLES = int(os.environ.get("LEDGER_EXAMPLES", "12"))
STEPS = int(os.environ.get("LEDGER_STEPS", "15"))

amounts = st.integers(1, 99_999_999)

TILL = AccountKey(AccountKind.TILL, "anna")
PROGRAMME = AccountKey(AccountKind.GRANTED, "allowance", Funding.GRANTED)
POINT = AccountKey(AccountKind.DELIVERED, "point")
POINT_GRANTED = AccountKey(AccountKind.DELIVERED, "point", Funding.GRANTED)
WALLET = AccountKey(AccountKind.BALANCE, "account")
USED = AccountKey(AccountKind.CONSUMPTION, "tap")


class LedgerMachine(RuleBasedStateMachine):
    """Sales, refunds and reversals are reserved, applied and voided, also twice and in the wrong order."""

    url: str
    runner: asyncio.Runner
    codes = iter(range(1000))

    orders = Bundle("orders")
    returns = Bundle("returns")

    def __init__(self) -> None:
        super().__init__()
        clock = RealClock()
        self.new_id = IdMaker(clock)
        self.database = Database(self.url, clock=clock, new_id=self.new_id)
        self.scope = Scope(self.run(self._project()), PLATFORM)
        self.model: dict[AccountKey, int] = defaultdict(int)
        self.taken: dict[UUID, dict[AccountKey, int]] = {}
        self.open: set[UUID] = set()
        self.applied: dict[UUID, UUID] = {}
        self.reversed: set[UUID] = set()
        self.given_back: dict[UUID, tuple[int, UUID | None]] = {}
        """Open refunds and reversals: amount, and the sale that is reversed."""

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    async def _project(self) -> int:
        async with self.database.directory() as work:
            project = await ProjectRepository(work).add(
                Project(
                    code=f"{next(self.codes) % 1000:03}",
                    name="a project",
                    timezone="Asia/Shanghai",
                    currency="CNY",
                    created_at=work.clock.now(),
                )
            )
        assert project.id is not None
        return project.id

    def teardown(self) -> None:
        self.run(self.database.close())

    def attempt(self, verb: Callable[[Ledger], Awaitable[Any]]) -> Any:
        """The result of `verb` in a transaction of its own; None when the database refused, which leaves no trace."""

        async def work() -> Any:
            try:
                async with self.database.project(self.scope) as unit:
                    return await verb(Ledger(unit, "CNY")) or True
            except IntegrityError:
                return None

        return self.run(work())

    @rule(target=orders, paid_fen=amounts, granted_fen=st.just(0) | amounts)
    def reserve(self, paid_fen: int, granted_fen: int) -> UUID:
        order = self.new_id()
        sources = {TILL: paid_fen, PROGRAMME: granted_fen}
        assert self.attempt(lambda ledger: ledger.reserve(TransferKind.SALE, order, sources))
        self.taken[order] = sources
        self.open.add(order)
        for account, amount_fen in sources.items():
            self.model[account] -= amount_fen
            self.model[AccountKey(AccountKind.PENDING, str(order), account.funding)] += amount_fen
        return order

    @rule(order=orders)
    def reserve_again(self, order: UUID) -> None:
        assert not self.attempt(lambda ledger: ledger.reserve(TransferKind.SALE, order, self.taken[order]))

    @rule(order=orders)
    def apply(self, order: UUID) -> None:
        paid_fen, granted_fen = self.taken[order].values()
        targets = {POINT: paid_fen, POINT_GRANTED: granted_fen}
        done = self.attempt(lambda ledger: ledger.apply(TransferKind.SALE, order, targets))
        assert bool(done) is (order in self.open)
        if done:
            self._end(order, targets)
            self.applied[order] = done.id

    @rule(order=orders)
    def void(self, order: UUID) -> None:
        done = self.attempt(lambda ledger: ledger.void(order))
        assert bool(done) is (order in self.open)
        if done:
            self._end(order, self.taken[order])

    @rule(order=orders, amount_fen=amounts)
    def apply_more_than_was_reserved(self, order: UUID, amount_fen: int) -> None:
        more = {POINT: self.taken[order][TILL] + amount_fen}
        assert not self.attempt(lambda ledger: ledger.apply(TransferKind.SALE, order, more))

    @rule(order=orders)
    def reverse(self, order: UUID) -> None:
        undone = self.applied.get(order)
        amount_fen = self.taken[order][TILL]
        if undone is None:
            return
        done = self.attempt(
            lambda ledger: ledger.post(
                TransferKind.REVERSAL,
                Step.POST,
                self.new_id(),
                moved(POINT, TILL, amount_fen),
                reverses=undone,
            )
        )
        # the point may have given its credit back meanwhile
        assert bool(done) is (order not in self.reversed and amount_fen <= self.model[POINT])
        if done:
            self.reversed.add(order)
            self.model[POINT] -= amount_fen
            self.model[TILL] += amount_fen

    @rule(target=returns, share=st.integers(1, 4))
    def ask_for_a_refund(self, share: int) -> UUID:
        """Part of what was delivered, or more than that, which is refused."""
        refund = self.new_id()
        amount_fen = self.model[POINT] // 2 * share or 1
        done = self.attempt(lambda ledger: ledger.reserve(TransferKind.REFUND, refund, {POINT: amount_fen}))
        assert bool(done) is (amount_fen <= self.model[POINT])
        if done:
            self._take_back(refund, amount_fen, None)
        return refund

    @rule(target=returns, order=orders)
    def ask_for_a_reversal(self, order: UUID) -> UUID:
        reversal = self.new_id()
        amount_fen = self.taken[order][TILL]
        if order in self.applied and amount_fen <= self.model[POINT]:
            assert self.attempt(
                lambda ledger: ledger.reserve(TransferKind.REVERSAL, reversal, {POINT: amount_fen})
            )
            self._take_back(reversal, amount_fen, order)
        return reversal

    @rule(order=returns)
    def pay_out(self, order: UUID) -> None:
        """Once for each, and one reversal for each sale, however many were asked for."""
        amount_fen, sale = self.given_back.get(order, (1, None))
        kind = TransferKind.REFUND if sale is None else TransferKind.REVERSAL
        undone = None if sale is None else self.applied[sale]
        done = self.attempt(lambda ledger: ledger.apply(kind, order, {TILL: amount_fen}, reverses=undone))
        assert bool(done) is (order in self.given_back and sale not in self.reversed)
        if done:
            self._given(order, TILL)
            if sale is not None:
                self.reversed.add(sale)

    @rule(order=returns)
    def keep(self, order: UUID) -> None:
        """A refund or reversal that the meter did not carry out."""
        if order in self.given_back:
            assert self.attempt(lambda ledger: ledger.void(order))
            self._given(order, POINT)

    def _take_back(self, order: UUID, amount_fen: int, sale: UUID | None) -> None:
        self.given_back[order] = (amount_fen, sale)
        self.model[POINT] -= amount_fen
        self.model[AccountKey(AccountKind.PENDING, str(order))] += amount_fen

    def _given(self, order: UUID, target: AccountKey) -> None:
        amount_fen, _ = self.given_back.pop(order)
        self.model[AccountKey(AccountKind.PENDING, str(order))] -= amount_fen
        self.model[target] += amount_fen

    @rule(amount_fen=amounts)
    def adopt(self, amount_fen: int) -> None:
        meter = self.new_id()
        assert self.attempt(lambda ledger: ledger.adopt(meter, UUID(int=1), amount_fen))
        self.model[AccountKey(AccountKind.ADOPTED, str(meter))] -= amount_fen
        self.model[AccountKey(AccountKind.DELIVERED, str(UUID(int=1)))] += amount_fen

    @rule(amount_fen=amounts)
    def consume_below_zero(self, amount_fen: int) -> None:
        """A platform's balance may fall below zero: water runs before the valve closes."""
        assert self.attempt(
            lambda ledger: ledger.post(
                TransferKind.CONSUMPTION, Step.POST, self.new_id(), moved(WALLET, USED, amount_fen)
            )
        )
        self.model[WALLET] -= amount_fen
        self.model[USED] += amount_fen

    @rule(amount_fen=amounts)
    def take_more_than_was_delivered(self, amount_fen: int) -> None:
        too_much = self.model[POINT] + amount_fen
        assert not self.attempt(
            lambda ledger: ledger.post(
                TransferKind.REFUND, Step.POST, self.new_id(), moved(POINT, TILL, too_much)
            )
        )

    def _end(self, order: UUID, targets: dict[AccountKey, int]) -> None:
        self.open.remove(order)
        for account, amount_fen in targets.items():
            self.model[account] += amount_fen
            self.model[AccountKey(AccountKind.PENDING, str(order), account.funding)] -= amount_fen

    @invariant()
    def balances_are_the_fold_and_the_model(self) -> None:
        async def read() -> tuple[Any, Any, Any]:
            async with self.database.project(self.scope) as work:
                ledger = LedgerRepository(work)
                kept = await ledger.kept_fen()
                return kept, await ledger.folded_fen(), await ledger.movements(list(kept))

        kept, folded, movements = self.run(read())
        model = {account: amount for account, amount in self.model.items() if amount}
        assert kept == folded
        assert {account: amount for account, amount in kept.items() if amount} == model
        for funding in Funding:
            assert sum(amount for account, amount in kept.items() if account.funding is funding) == 0
        running: dict[AccountKey, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for movement in movements:
            count, amount_fen = running[movement.account]
            running[movement.account] = (count + 1, amount_fen + movement.amount_fen)
            assert (movement.sequence, movement.balance_after_fen) == running[movement.account]


@pytest.mark.usefixtures("anyio_backend")
def test_ledger_against_its_model(database_url: str) -> None:
    with asyncio.Runner() as runner:
        machine = type("Machine", (LedgerMachine,), {"url": database_url, "runner": runner})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
