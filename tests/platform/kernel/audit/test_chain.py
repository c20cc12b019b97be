"""The audit chain verifies as written; every change, removal, swap or cut is found at its first event."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from prewatt_platform.kernel import audit
from prewatt_platform.kernel.audit import AuditRepository, Head, Verdict
from prewatt_platform.kernel.connections import connect
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.tenancy import PLATFORM, Scope
from prewatt_platform.projects.models import Project
from prewatt_platform.projects.repository import ProjectRepository

pytestmark = pytest.mark.anyio

EVENTS = 20
TAMPERINGS = 200


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


async def _write(database: Database, scope: Scope, count: int) -> None:
    for number in range(count):
        async with database.project(scope) as work:
            audit.record(work, "price set", f"meter {number}", price_e4=number, before=None, list=(1, "二"))


async def _verify(database: Database, scope: Scope, exported: Head | None = None) -> Verdict:
    async with database.project(scope) as work:
        return await AuditRepository(work).verify(exported)


class TestWhole:
    async def test_chain_without_events(self, database: Database, scope: Scope) -> None:
        assert await _verify(database, scope) == Verdict(0, Head(0, audit.START))

    async def test_chain_as_it_was_written(self, database: Database, scope: Scope) -> None:
        await _write(database, scope, 3)
        verdict = await _verify(database, scope)
        assert (verdict.events, verdict.head.sequence, verdict.reason) == (3, 3, None)

    async def test_concurrent_events_form_one_chain(self, database: Database, scope: Scope) -> None:
        await asyncio.gather(*(_write(database, scope, 5) for _ in range(8)))
        assert (await _verify(database, scope)).events == 40
        assert (await _verify(database, scope)).reason is None

    async def test_a_rollback_leaves_no_event(self, database: Database, scope: Scope) -> None:
        async def fail() -> None:
            async with database.project(scope) as work:
                audit.record(work, "price set", "meter 1")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await fail()
        assert (await _verify(database, scope)).events == 0

    async def test_exported_head_is_found_again(self, database: Database, scope: Scope) -> None:
        await _write(database, scope, 3)
        head = (await _verify(database, scope)).head
        await _write(database, scope, 2)
        assert (await _verify(database, scope, head)).reason is None


Tamper = Callable[[Any, random.Random], Awaitable[int]]


async def _change(owner: Any, chance: random.Random) -> int:
    sequence = chance.randint(1, EVENTS)
    column, value = chance.choice(
        [
            ("subject", "'another'"),
            ("actor_name", "'another'"),
            ("action", "action || '.'"),
            ("detail", "detail || '{\"price_e4\": -1}'"),
            ("at", "at + interval '1 microsecond'"),
            ("actor_id", "id"),
        ]
    )
    await owner.execute(f"UPDATE audit_events SET {column} = {value} WHERE sequence = $1", sequence)
    return sequence


async def _remove(owner: Any, chance: random.Random) -> int:
    sequence = chance.randint(1, EVENTS)
    await owner.execute("DELETE FROM audit_events WHERE sequence = $1", sequence)
    return sequence


async def _swap(owner: Any, chance: random.Random) -> int:
    first, second = sorted(chance.sample(range(1, EVENTS + 1), 2))
    for old, new in ((first, 1000), (second, first), (1000, second)):
        await owner.execute("UPDATE audit_events SET sequence = $1 WHERE sequence = $2", new, old)
    return first


async def _cut(owner: Any, chance: random.Random) -> int:
    """The tail is removed and the head is set to what is left: only an exported head shows it."""
    last = chance.randint(0, EVENTS - 1)
    await owner.execute("DELETE FROM audit_events WHERE sequence > $1", last)
    left = await owner.fetchval("SELECT hash FROM audit_events WHERE sequence = $1", last)
    await owner.execute("UPDATE audit_heads SET sequence = $1, hash = $2", last, left or audit.START)
    return last + 1


async def test_every_tampering_is_found_at_its_first_event(
    database: Database, scope: Scope, database_url: str
) -> None:
    await _write(database, scope, EVENTS)
    exported = (await _verify(database, scope)).head
    owner: asyncpg.Connection[Any] = await connect(database_url)
    try:
        await owner.execute("ALTER TABLE audit_events DISABLE TRIGGER USER")
        await owner.execute("CREATE TABLE kept AS SELECT * FROM audit_events")
        await owner.execute("CREATE TABLE kept_head AS SELECT * FROM audit_heads")
        for seed in range(TAMPERINGS):
            chance = random.Random(seed)
            tamper: Tamper = chance.choice([_change, _remove, _swap, _cut])
            expected = await tamper(owner, chance)
            found = await _verify(database, scope, exported)
            assert found.wrong_sequence == expected, (seed, tamper.__name__, found)
            await owner.execute("DELETE FROM audit_events")
            await owner.execute("INSERT INTO audit_events SELECT * FROM kept")
            await owner.execute(
                "UPDATE audit_heads h SET sequence = k.sequence, hash = k.hash FROM kept_head k"
            )
        assert (await _verify(database, scope, exported)).reason is None
    finally:
        await owner.close()
