"""Migration of a database to this version's schema: repeated, concurrent, and with limited accounts."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Text, text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from prewatt_fixtures.clock import RealClock
from prewatt_fixtures.site import load_site
from prewatt_platform import app  # noqa: F401 - brings every table's module in
from prewatt_platform.kernel import migrate
from prewatt_platform.kernel.connections import connect
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.errors import MigrationFailed, SchemaOutdated
from prewatt_platform.kernel.ids import IdMaker
from prewatt_platform.kernel.postgres import EmbeddedPostgres
from prewatt_platform.kernel.tenancy import PLATFORM, Scope
from prewatt_platform.metering.repository import GatewayRepository
from prewatt_platform.onboarding import import_site

pytestmark = pytest.mark.anyio


@pytest.fixture
async def empty_database(empty_database_url: str) -> AsyncIterator[Database]:
    clock = RealClock()
    database = Database(empty_database_url, clock=clock, new_id=IdMaker(clock))
    yield database
    await database.close()


async def test_an_empty_database_has_no_revision(empty_database: Database) -> None:
    assert await migrate.revision(empty_database) is None
    with pytest.raises(SchemaOutdated, match="schema none, this version needs 0001: run prewatt db upgrade"):
        await migrate.check(empty_database)


async def test_upgrade_then_a_second_upgrade_changes_nothing(
    empty_database: Database,
) -> None:
    await migrate.upgrade(empty_database.url)
    await migrate.check(empty_database)
    await migrate.upgrade(empty_database.url)
    await migrate.check(empty_database)


async def test_another_version_s_schema_is_named(database: Database) -> None:
    connection = await connect(database.url)
    await connection.execute("UPDATE alembic_version SET version_num = '0999'")
    await connection.close()
    with pytest.raises(SchemaOutdated, match="schema 0999, this version needs 0001") as outdated:
        await migrate.check(database)
    assert (outdated.value.found, outdated.value.wanted) == ("0999", migrate.HEAD)


async def test_concurrent_upgrades_in_one_process(empty_database: Database) -> None:
    await asyncio.gather(*(migrate.upgrade(empty_database.url) for _ in range(2)))
    await migrate.check(empty_database)


async def test_concurrent_upgrades_in_two_processes(empty_database: Database) -> None:
    program = "import asyncio, sys; from prewatt_platform.kernel import migrate; asyncio.run(migrate.upgrade(sys.argv[1]))"
    running = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, empty_database.url)
        for _ in range(2)
    ]
    assert [await process.wait() for process in running] == [0, 0]
    await migrate.check(empty_database)


def test_head_is_the_newest_script() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD


def is_reviewed(difference: Any) -> bool:
    """Rules that only the database keeps, and text, which has no length here."""
    if isinstance(difference, list):
        return all(
            change[0] == "modify_type" and isinstance(change[5], Text) and isinstance(change[6], AutoString)
            for change in difference
        )
    return difference[0] in {"remove_index", "remove_fk", "remove_constraint"}


async def test_the_migrated_schema_equals_the_models(database: Database) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[Any] = compare_metadata(context, SQLModel.metadata)
        return found

    async with database.engine.connect() as connection:
        found = await connection.run_sync(differences)
    assert [difference for difference in found if not is_reviewed(difference)] == []


@pytest.fixture
async def landlord() -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """A server of its own, and databases on it whose owners are no superusers but may make roles."""
    async with EmbeddedPostgres(settings={"fsync": "off"}) as url:
        connection = await connect(url)

        async def let(owner: str) -> str:
            await connection.execute(f"CREATE ROLE {owner} LOGIN CREATEROLE")
            await connection.execute(f"CREATE DATABASE {owner} OWNER {owner}")
            return url.replace("postgres@", f"{owner}@").replace("/postgres?", f"/{owner}?")

        yield let
        await connection.close()


async def test_an_owner_without_superuser_migrates_and_is_subject_to_the_policies(
    landlord: Callable[..., Awaitable[str]],
) -> None:
    url = await landlord("anna")
    await migrate.upgrade(url)
    clock = RealClock()
    database = Database(url, clock=clock, new_id=IdMaker(clock))
    try:
        await import_site(database, load_site("tiny"))
        async with database.project(Scope(1, PLATFORM)) as work:
            assert len(await GatewayRepository(work).all()) == 2
        # FORCE: the owner of the tables sees nothing without a project either
        async with database.engine.connect() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM gateways"))).scalar_one() == 0
        with pytest.raises(ProgrammingError, match="row-level security"):
            await _insert_for_another_project(database)
    finally:
        await database.close()


async def _insert_for_another_project(database: Database) -> None:
    async with database.project(Scope(1, PLATFORM)) as work:
        await work.session.execute(
            text("INSERT INTO customers VALUES (2, gen_random_uuid(), 'foreign', NULL)")
        )


async def test_an_owner_who_cannot_use_the_roles_gets_an_error(
    landlord: Callable[..., Awaitable[str]],
) -> None:
    await migrate.upgrade(await landlord("anna"))
    with pytest.raises(MigrationFailed, match="permission denied to grant role") as failed:
        await migrate.upgrade(await landlord("bert"))
    assert "\n" not in str(failed.value)
