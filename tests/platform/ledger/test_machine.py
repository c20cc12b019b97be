"""The ledger against a model, over real PostgreSQL: whatever is tried, in whatever order, nothing is lost or doubled."""

import asyncio
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
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.service import Ledger
from prewatt_platform.projects.models import Project
from prewatt_platform.projects.repository import ProjectRepository

amounts = st.integers(1, 99_999_999)


class LedgerMachine(RuleBasedStateMachine):
    """Orders are reserved, applied and voided, also twice and in the wrong order."""

    url: str
    runner: asyncio.Runner
    codes = iter(range(1000))

    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        clock = RealClock()
        self.new_id = IdMaker(clock)
        self.database = Database(self.url, clock=clock, new_id=self.new_id)
        self.scope = Scope(self.run(self._project()), PLATFORM)
        self.model: dict[tuple[str, str], int] = defaultdict(int)
        self.amounts: dict[UUID, int] = {}
        self.open: set[UUID] = set()
        self.point = self.new_id()

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    async def _project(self) -> int:
        async with self.database.directory() as work:
            project = await ProjectRepository(work).add(
                Project(
                    code=f"{next(self.codes):03}",
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

    def attempt(self, verb: Callable[[Ledger], Awaitable[None]]) -> bool:
        """Try it in a unit of work of its own; False when the database refused, which must leave no trace."""

        async def work() -> bool:
            try:
                async with self.database.project(self.scope) as unit:
                    await verb(Ledger(unit, "CNY"))
            except IntegrityError:
                return False
            return True

        return bool(self.run(work()))

    def move(self, source: tuple[str, str], target: tuple[str, str], amount_fen: int) -> None:
        self.model[source] -= amount_fen
        self.model[target] += amount_fen

    @rule(target=orders, amount_fen=amounts)
    def reserve(self, amount_fen: int) -> UUID:
        order = self.new_id()
        assert self.attempt(lambda ledger: ledger.reserve(order, "anna", amount_fen))
        self.move(("till", "anna"), ("pending", str(order)), amount_fen)
        self.amounts[order] = amount_fen
        self.open.add(order)
        return order

    @rule(order=orders)
    def reserve_again(self, order: UUID) -> None:
        assert not self.attempt(lambda ledger: ledger.reserve(order, "anna", self.amounts[order]))

    @rule(order=orders)
    def apply(self, order: UUID) -> None:
        amount_fen = self.amounts[order]
        assert self.attempt(lambda ledger: ledger.apply(order, self.point, amount_fen)) is (
            order in self.open
        )
        if order in self.open:
            self.open.remove(order)
            self.move(("pending", str(order)), ("delivered", str(self.point)), amount_fen)

    @rule(order=orders)
    def void(self, order: UUID) -> None:
        amount_fen = self.amounts[order]
        assert self.attempt(lambda ledger: ledger.void(order, "anna", amount_fen)) is (order in self.open)
        if order in self.open:
            self.open.remove(order)
            self.move(("pending", str(order)), ("till", "anna"), amount_fen)

    @rule(amount_fen=amounts)
    def adopt(self, amount_fen: int) -> None:
        meter = self.new_id()
        assert self.attempt(lambda ledger: ledger.adopt(meter, self.point, amount_fen))
        self.move(("adopted", str(meter)), ("delivered", str(self.point)), amount_fen)

    @invariant()
    def balances_are_the_fold_and_the_model(self) -> None:
        async def read() -> tuple[Any, Any]:
            async with self.database.project(self.scope) as work:
                ledger = LedgerRepository(work)
                return await ledger.kept_fen(), await ledger.folded_fen()

        kept, folded = self.run(read())
        assert kept == folded == dict(self.model)
        assert sum(kept.values()) == 0


@pytest.mark.usefixtures("anyio_backend")
def test_ledger_against_its_model(database_url: str) -> None:
    with asyncio.Runner() as runner:
        machine = type("Machine", (LedgerMachine,), {"url": database_url, "runner": runner})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=12,
                stateful_step_count=15,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


@pytest.mark.anyio
class TestAmounts:
    @pytest.mark.parametrize("amount_fen", [0, -1])
    async def test_a_transfer_moves_something(self, database: Database, amount_fen: int) -> None:
        async with database.project(Scope(1, PLATFORM)) as work:
            with pytest.raises(ValueError, match="positive"):
                await Ledger(work, "CNY").reserve(work.new_id(), "anna", amount_fen)

    async def test_a_meter_that_held_nothing_is_adopted_without_a_transfer(self, database: Database) -> None:
        async with database.project(Scope(1, PLATFORM)) as work:
            await Ledger(work, "CNY").adopt(work.new_id(), work.new_id(), 0)
            assert not await LedgerRepository(work).folded_fen()
