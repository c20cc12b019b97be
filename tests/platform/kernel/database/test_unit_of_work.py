"""A unit of work commits as a whole or not at all, and leaves no role or project on its connection."""

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from prewatt_fixtures.clock import RealClock
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.ids import IdMaker
from prewatt_platform.kernel.tenancy import PLATFORM, Scope, Work
from prewatt_platform.projects.models import Project
from prewatt_platform.projects.repository import ProjectRepository

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

ROLE_AND_PROJECT = text("SELECT current_user::text, current_setting('app.project', true)")


def a_project(work: Work, code: str) -> Project:
    return Project(code=code, name=code, timezone="UTC", currency="CNY", created_at=work.clock.now())


async def codes(database: Database) -> list[str]:
    async with database.directory() as work:
        return [project.code for project in await ProjectRepository(work).all()]


@pytest.fixture
async def one_connection(database_url: str) -> "AsyncIterator[Database]":
    """A pool of one, so that each unit of work gets the connection of the one before."""
    clock = RealClock()
    database = Database(database_url, clock=clock, new_id=IdMaker(clock), connections_max=1)
    yield database
    await database.close()


async def test_rows_are_committed_at_the_end(database: Database) -> None:
    async with database.directory() as work:
        await ProjectRepository(work).add(a_project(work, "001"))
        assert await codes(database) == []
    assert await codes(database) == ["001"]


async def test_an_error_rolls_everything_back(database: Database) -> None:
    async def fail_midway() -> None:
        async with database.directory() as work:
            await ProjectRepository(work).add(a_project(work, "001"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_midway()
    assert await codes(database) == []


async def test_a_constraint_that_fails_at_commit_rolls_everything_back(database: Database) -> None:
    async def add_two() -> None:
        async with database.directory() as work:
            projects = ProjectRepository(work)
            await projects.add(a_project(work, "001"))
            await projects.add(a_project(work, "no code"))

    with pytest.raises(IntegrityError, match="projects_code_check"):
        await add_two()
    assert await codes(database) == []


async def test_a_returned_connection_has_neither_role_nor_project(one_connection: Database) -> None:
    async with one_connection.project(Scope(7, PLATFORM)) as work:
        assert (await work.session.execute(ROLE_AND_PROJECT)).one() == ("prewatt_app", "7")
    async with one_connection.engine.connect() as connection:
        user, project = (await connection.execute(ROLE_AND_PROJECT)).one()
    assert user == "postgres"
    assert not project
    async with one_connection.directory() as work:
        user, project = (await work.session.execute(ROLE_AND_PROJECT)).one()
    assert user == "prewatt_directory"
    assert not project


async def test_a_returned_connection_has_neither_role_nor_project_after_an_error(
    one_connection: Database,
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with one_connection.project(Scope(7, PLATFORM)):
            raise ZeroDivisionError
    async with one_connection.engine.connect() as connection:
        user, project = (await connection.execute(ROLE_AND_PROJECT)).one()
    assert user == "postgres"
    assert not project


async def test_instants_come_back_in_utc(database: Database) -> None:
    async with database.directory() as work:
        wanted = await ProjectRepository(work).add(a_project(work, "001"))
    async with database.directory() as work:
        found = await ProjectRepository(work).by_code("001")
    assert found is not None
    assert found.created_at == wanted.created_at
    assert str(found.created_at.tzinfo) == "UTC"
