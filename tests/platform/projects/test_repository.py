"""A directory's unit of work reads all projects, a project's reads itself only."""

from datetime import UTC, datetime

import pytest

from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.tenancy import PLATFORM, Scope
from prewatt_platform.projects.models import Project
from prewatt_platform.projects.repository import ProjectRepository

pytestmark = pytest.mark.anyio

BORN = datetime(2026, 1, 15, tzinfo=UTC)


@pytest.fixture
async def ids(database: Database) -> list[int]:
    async with database.directory() as work:
        projects = ProjectRepository(work)
        added = [
            await projects.add(
                Project(code=code, name=code, timezone="Asia/Shanghai", currency="CNY", created_at=BORN)
            )
            for code in ("002", "001")
        ]
    return [project.id for project in added if project.id is not None]


async def test_the_directory_lists_all_projects_by_code(database: Database, ids: list[int]) -> None:
    async with database.directory() as work:
        projects = ProjectRepository(work)
        assert [project.code for project in await projects.all()] == ["001", "002"]
        found = await projects.by_code("002")
        assert found is not None
        assert (found.id, found.reading_interval_s) == (ids[0], 1800)
        assert await projects.by_code("003") is None
        by_id = await projects.by_id(ids[1])
        assert by_id is not None
        assert by_id.code == "001"


async def test_a_project_sees_itself_alone(database: Database, ids: list[int]) -> None:
    async with database.project(Scope(ids[0], PLATFORM)) as work:
        projects = ProjectRepository(work)
        assert [project.id for project in await projects.all()] == [ids[0]]
        assert await projects.by_id(ids[1]) is None
        assert await projects.by_code("001") is None
