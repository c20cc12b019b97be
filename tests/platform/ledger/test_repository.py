"""Queries on the ledger return movements, sums and balances of the named accounts only."""

from datetime import timedelta
from typing import Any

import pytest

from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.tenancy import PLATFORM, Scope, Work
from prewatt_platform.ledger.errors import LinesRefused
from prewatt_platform.ledger.models import Step, TransferKind
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKey, AccountKind, Funding, moved
from prewatt_platform.ledger.service import Ledger, pending
from prewatt_platform.projects.models import Project
from prewatt_platform.projects.repository import ProjectRepository

pytestmark = pytest.mark.anyio

TILL = AccountKey(AccountKind.TILL, "anna")
WALLET = AccountKey(AccountKind.BALANCE, "account")
GRANTED = AccountKey(AccountKind.GRANTED, "allowance", Funding.GRANTED)
WALLET_GRANTED = AccountKey(AccountKind.BALANCE, "account", Funding.GRANTED)


@pytest.fixture
async def scope(database: Database) -> Scope:
    async with database.directory() as work:
        project = await ProjectRepository(work).add(
            Project(
                code="001", name="a", timezone="Asia/Shanghai", currency="CNY", created_at=work.clock.now()
            )
        )
    assert project.id is not None
    return Scope(project.id, PLATFORM)


async def _pay(work: Work, amount_fen: int, kind: TransferKind = TransferKind.SALE) -> Any:
    return await Ledger(work, "CNY").post(
        kind, Step.POST, work.new_id(), moved(TILL, WALLET, amount_fen), document="R1"
    )


async def test_movements_in_a_time_range(database: Database, scope: Scope) -> None:
    async with database.project(scope) as work:
        first, second = await _pay(work, 100), await _pay(work, 50)
        rows = LedgerRepository(work)
        found = await rows.movements([WALLET])
        assert [(m.sequence, m.amount_fen, m.balance_after_fen) for m in found] == [
            (1, 100, 100),
            (2, 50, 150),
        ]
        assert [m.transfer.id for m in found] == [first.id, second.id]
        later = second.at + timedelta(microseconds=1)
        assert len(await rows.movements([WALLET], since=first.at, until=later)) == 2
        assert await rows.movements([WALLET], since=later) == []
        assert await rows.movements([WALLET], until=first.at) == []
        assert await rows.movements([]) == []


async def test_sums_by_kind_and_since(database: Database, scope: Scope) -> None:
    async with database.project(scope) as work:
        paid = await _pay(work, 100)
        await _pay(work, 7, TransferKind.ADJUSTMENT)
        rows = LedgerRepository(work)
        assert await rows.moved_fen([WALLET], [TransferKind.SALE]) == 100
        assert await rows.moved_fen([WALLET], list(TransferKind), since=paid.at) == 107
        assert await rows.moved_fen([WALLET], [TransferKind.SALE], since=paid.at + timedelta(days=1)) == 0
        assert await rows.moved_fen([], [TransferKind.SALE]) == 0


async def test_balances_of_accounts_that_exist(database: Database, scope: Scope) -> None:
    async with database.project(scope) as work:
        await _pay(work, 100)
        rows = LedgerRepository(work)
        assert await rows.balances_fen([WALLET, WALLET_GRANTED]) == {WALLET: 100}
        assert await rows.balances_fen([]) == {}
        assert await rows.balance_fen(AccountKind.BALANCE, "nobody") == 0
        assert await rows.locked_balance_fen(WALLET_GRANTED) == 0
        assert await rows.locked_balance_fen(WALLET) == 100


async def test_granted_and_paid_money_of_one_order_stay_apart(database: Database, scope: Scope) -> None:
    async with database.project(scope) as work:
        ledger, rows, order = Ledger(work, "CNY"), LedgerRepository(work), work.new_id()
        await ledger.reserve(TransferKind.GRANT, order, {GRANTED: 30, TILL: 0})
        assert await rows.balances_fen([pending(order), pending(order, Funding.GRANTED)]) == {
            pending(order, Funding.GRANTED): 30
        }
        await ledger.apply(TransferKind.GRANT, order, {WALLET_GRANTED: 30, WALLET: 0})
        assert await rows.balance_fen(AccountKind.BALANCE, "account", Funding.GRANTED) == 30
        assert await rows.lines_of(work.new_id(), Step.RESERVE) == (None, [])


async def test_an_order_without_money_is_refused(database: Database, scope: Scope) -> None:
    async with database.project(scope) as work:
        with pytest.raises(LinesRefused, match="two lines"):
            await Ledger(work, "CNY").reserve(TransferKind.SALE, work.new_id(), {TILL: 0})


async def test_nothing_is_adopted_from_a_meter_that_held_nothing(database: Database, scope: Scope) -> None:
    async with database.project(scope) as work:
        await Ledger(work, "CNY").adopt(work.new_id(), work.new_id(), 0)
        assert await LedgerRepository(work).folded_fen() == {}
