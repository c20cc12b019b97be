"""`verify` is clean after sales on a meter, and finds each kind of damage that the rows can have."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from prewatt_fixtures.clock import RealClock
from prewatt_platform.accounts.sales import SalesService
from prewatt_platform.kernel.audit import AuditRepository, Head
from prewatt_platform.kernel.connections import connect
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.ids import IdMaker
from prewatt_platform.kernel.settings import Settings
from prewatt_platform.kernel.tenancy import Scope
from prewatt_platform.reconciliation.service import Outcome, verify

pytestmark = pytest.mark.anyio
METER = "0000010201"


@dataclass
class Copy:
    """A database of one test's own, with two sales that reached a meter."""

    url: str
    scope: Scope

    async def run(self, sql: str) -> None:
        """Change rows as the owner of the tables, past triggers."""
        connection = await connect(self.url)
        try:
            await connection.execute(f"SET session_replication_role = replica; {sql}")
        finally:
            await connection.close()

    async def verify(self, exported: Head | None = None) -> list[Outcome]:
        async with _opened(self.url) as database, database.snapshot(self.scope) as work:
            return await verify(work, exported)

    async def wrong(self, exported: Head | None = None) -> dict[str, Outcome]:
        return {each.code: each for each in await self.verify(exported) if each.findings}

    async def head(self) -> Head:
        async with _opened(self.url) as database, database.snapshot(self.scope) as work:
            return await AuditRepository(work).head()


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Database]:
    clock = RealClock()
    database = Database(url, clock=clock, new_id=IdMaker(clock))
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def sold(
    shared_database_url: str, build_deployment: Callable[..., Awaitable[Any]]
) -> tuple[str, Scope]:
    """Name of a database that nobody connects to any more, and its project: two sales were delivered and read."""
    async with AsyncExitStack() as stack:
        built = await build_deployment(
            stack, shared_database_url, "tiny", settings=Settings(), work="collector"
        )
        for amount_fen in (5000, 1234):
            async with built.database.project(built.scope) as work:
                command, _ = await SalesService(work).sell(uuid4(), METER, amount_fen)
            await built.ended(command.id)
        scope = built.scope
    return urlsplit(shared_database_url).path.removeprefix("/"), scope


@pytest.fixture
async def copy(
    sold: tuple[str, Scope], own_database: Callable[[str], AbstractAsyncContextManager[str]]
) -> AsyncIterator[Copy]:
    name, scope = sold
    async with own_database(name) as url:
        yield Copy(url, scope)


async def test_clean_after_sales_and_reads(copy: Copy) -> None:
    outcomes = await copy.verify()
    assert [finding for each in outcomes for finding in each.first] == []
    assert {"M1", "M2", "M9", "T5", "T7", "A1"} <= {each.code for each in outcomes}


LAST_SALE = "(SELECT command_id FROM orders ORDER BY created_at DESC LIMIT 1)"
APPLY = f"(SELECT id FROM transfers WHERE step = 'apply' AND subject = {LAST_SALE})"
DAMAGE = {
    "M1": f"DELETE FROM entries WHERE line = 1 AND transfer_id = {APPLY}",
    "M2": "UPDATE balances SET amount_fen = amount_fen + 1 WHERE sequence = (SELECT max(sequence) FROM balances)",
    "M3": "ALTER TABLE entries DISABLE TRIGGER entries_append_only",
    "M3 right": "GRANT UPDATE ON transfers TO prewatt_app",
    "M4": "DROP INDEX transfers_ended_once",
    "M4 trigger": "DROP TRIGGER entries_balance ON entries",
    "M5": f"UPDATE commands SET state = 'VOIDED' WHERE id = {LAST_SALE}",
    "M5 step": f"DELETE FROM transfers WHERE id = {APPLY}",
    "M6": f"""INSERT INTO transfers SELECT project_id, gen_random_uuid(), 'REVERSAL', 'post', gen_random_uuid(),
        currency, at, actor_name, NULL, NULL, id FROM transfers WHERE id = {APPLY}""",
    "M7": """ALTER TABLE balances DROP CONSTRAINT balances_floor;
        UPDATE balances SET amount_fen = -1 WHERE floor_fen = 0""",
    "M8": "ALTER TABLE orders ADD COLUMN tip_fen double precision",
    "M9": "UPDATE balances SET amount_fen = amount_fen + 1 WHERE sequence = (SELECT max(sequence) FROM balances)",
    "M10": f"UPDATE orders SET prices_e4 = '{{}}' WHERE command_id = {LAST_SALE}",
    "F1": """INSERT INTO charge_batches SELECT id, gen_random_uuid(), 1, 'F1', 'PROPERTY', 'l', NULL, NULL, NULL, 5, 'r', 'o', now()
        FROM projects;
        INSERT INTO charges SELECT o.project_id, b.id, 0, o.account_id, o.point_id, o.place, NULL, 5
        FROM orders o, charge_batches b LIMIT 1""",
    "F1 total": """INSERT INTO charge_batches SELECT id, gen_random_uuid(), 1, 'F1', 'PROPERTY', 'l', NULL, NULL, NULL, 5, 'r', 'o',
        now() FROM projects""",
    "G1": "UPDATE ledger_accounts SET funding = 'GRANTED' WHERE kind = 'till'",
    "G1 twice": """INSERT INTO grant_batches SELECT id, gen_random_uuid(), 'ALLOWANCE', 'a', '2026-01-01', 'r', 'o', now(), '[]'
        FROM projects;
        INSERT INTO grants SELECT o.project_id, o.command_id, b.id, row_number() OVER () FROM orders o, grant_batches b""",
    "T1": """DROP INDEX orders_one_a_count;
        UPDATE orders SET planned_count = (SELECT max(planned_count) FROM orders)""",
    "T3": """DROP INDEX commands_one_open_money_order;
        UPDATE commands SET state = 'SENT', due_at = now() WHERE kind = 'SALE'""",
    "T5": f"UPDATE orders SET applied_at = NULL WHERE command_id = {LAST_SALE}",
    "T7": f"UPDATE orders SET amount_fen = amount_fen + 1 WHERE command_id = {LAST_SALE}",
    "T7 count": "UPDATE readings SET purchase_count = purchase_count + 1 WHERE purchase_count > 0",
    "A2": """INSERT INTO day_closings SELECT id, '2026-01-05', gen_random_uuid(), now(), gen_random_uuid(), 'o', 2,
        sha256('another chain') FROM projects""",
    "A2 cut": """INSERT INTO day_closings SELECT id, '2026-01-05', gen_random_uuid(), now(), gen_random_uuid(), 'o', 999999,
        sha256('x') FROM projects""",
    "A1": "UPDATE audit_events SET actor_name = 'nobody' WHERE sequence = 2",
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_damage_is_found(copy: Copy, damage: str) -> None:
    await copy.run(DAMAGE[damage])
    wrong = await copy.wrong()
    code = damage.partition(" ")[0]
    assert code in wrong
    assert all(each.subject and each.expected != each.found for each in wrong[code].first)


async def test_a_chain_that_was_rewritten_as_a_whole_differs_from_the_exported_head(copy: Copy) -> None:
    head = await copy.head()
    await copy.run("DELETE FROM audit_events; DELETE FROM audit_heads")
    assert await copy.wrong() == {}
    assert "exported head" in (await copy.wrong(head))["A1"].first[0].found


async def test_the_first_findings_are_shown_and_all_are_counted(copy: Copy) -> None:
    await copy.run(
        "INSERT INTO ledger_accounts SELECT id, gen_random_uuid(), 'fees', n::text, 'PAID'"
        " FROM projects, generate_series(1, 25) n;"
        " INSERT INTO balances SELECT project_id, id, 7, 1 FROM ledger_accounts WHERE kind = 'fees'"
    )
    outcome = (await copy.wrong())["M2"]
    assert outcome.findings == 25
    assert len(outcome.first) == 20
