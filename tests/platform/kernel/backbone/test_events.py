"""Events are delivered after their transaction's commit, and only then."""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from prewatt_platform.kernel import backbone as module
from prewatt_platform.kernel.backbone import ALL_PROJECTS, Backbone, Event, notify
from prewatt_platform.kernel.connections import connect
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.tenancy import PLATFORM, Scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"


@pytest.fixture
async def backbone(database_url: str) -> "AsyncIterator[Backbone]":
    backbone = Backbone(database_url)
    await backbone.start()
    yield backbone
    await backbone.stop()


async def tell(database: Database, subject: UUID, project_id: int = 7) -> None:
    async with database.project(Scope(project_id, PLATFORM)) as work:
        await notify(work, "command", subject)


async def heard(events: asyncio.Queue[Event]) -> UUID:
    async with asyncio.timeout(30):
        return (await events.get()).subject


async def test_an_event_is_delivered_after_the_commit(backbone: Backbone, database: Database) -> None:
    async with backbone.listening(7, "command") as events:
        async with database.project(Scope(7, PLATFORM)) as work:
            await notify(work, "command", FIRST)
            await tell(database, SECOND)
            assert await heard(events) == SECOND
        assert await heard(events) == FIRST
        assert events.empty()


async def test_a_rollback_discards_its_events(backbone: Backbone, database: Database) -> None:
    async def fail() -> None:
        async with database.project(Scope(7, PLATFORM)) as work:
            await notify(work, "command", FIRST)
            raise ZeroDivisionError

    async with backbone.listening(7, "command") as events:
        with pytest.raises(ZeroDivisionError):
            await fail()
        await tell(database, SECOND)
        assert await heard(events) == SECOND


async def test_a_project_gets_its_own_events_and_the_platform_gets_all(
    backbone: Backbone, database: Database
) -> None:
    async with (
        backbone.listening(7, "command") as seventh,
        backbone.listening(8, "command") as eighth,
        backbone.listening(7, "reading") as readings,
        backbone.listening(ALL_PROJECTS, "command") as everything,
    ):
        await tell(database, FIRST, 7)
        await tell(database, SECOND, 8)
        assert [await heard(everything) for _ in range(2)] == [FIRST, SECOND]
        assert [await heard(seventh), await heard(eighth)] == [FIRST, SECOND]
        assert seventh.empty()
        assert eighth.empty()
        assert readings.empty()


async def test_every_listening_process_gets_the_event(database_url: str, database: Database) -> None:
    backbones = [Backbone(database_url), Backbone(database_url)]
    for backbone in backbones:
        await backbone.start()
    async with backbones[0].listening(7, "command") as here, backbones[1].listening(7, "command") as there:
        await tell(database, FIRST)
        assert [await heard(here), await heard(there)] == [FIRST, FIRST]
    for backbone in backbones:
        await backbone.stop()


async def test_listening_resumes_after_a_broken_connection(
    backbone: Backbone, database: Database, database_url: str
) -> None:
    async with backbone.listening(7, "command") as events:
        connection = await connect(database_url)
        assert await connection.fetchval(CUT)
        await connection.close()
        async with asyncio.timeout(30):
            while events.empty():
                await tell(database, SECOND)
                await asyncio.sleep(0.05)
        assert await heard(events) == SECOND


async def test_a_full_queue_drops_its_oldest_event(
    backbone: Backbone, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_QUEUE_MAX", 2)
    async with backbone.listening(7, "command") as slow:
        monkeypatch.undo()
        async with backbone.listening(7, "command") as quick:
            for subject in (FIRST, SECOND, THIRD):
                await tell(database, subject)
                assert await heard(quick) == subject
        assert [await heard(slow), await heard(slow)] == [SECOND, THIRD]
        assert slow.empty()


async def test_no_event_is_delivered_after_listening_stopped(backbone: Backbone, database: Database) -> None:
    async with backbone.listening(7, "command") as left:
        pass
    async with backbone.listening(7, "command") as events:
        await tell(database, FIRST)
        assert await heard(events) == FIRST
    assert left.empty()
