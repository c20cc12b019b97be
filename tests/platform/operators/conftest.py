"""The directory on a clock moved by hand, with two projects and one operator."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from prewatt_fixtures.clock import ManualClock
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.ids import IdMaker
from prewatt_platform.kernel.settings import Settings
from prewatt_platform.operators.models import Role
from prewatt_platform.operators.service import OperatorService
from prewatt_platform.projects.models import Project
from prewatt_platform.projects.repository import ProjectRepository

NAME, PASSWORD = "anna", "correct horse"


@dataclass
class Directory:
    """`name` is a cashier of project 001 and an engineer of 002."""

    clock: ManualClock
    database: Database
    operators: OperatorService
    settings: Settings
    projects: tuple[Project, Project]
    name: str = NAME
    password: str = PASSWORD


@pytest.fixture
async def directory(database_url: str) -> AsyncIterator[Directory]:
    clock = ManualClock(datetime(2026, 1, 15, 8, 0, tzinfo=UTC))
    database = Database(database_url, clock=clock, new_id=IdMaker(clock))
    settings = Settings(session_idle_s=600, session_absolute_s=3600)
    operators = OperatorService(database, settings)
    async with database.directory() as work:
        rows = ProjectRepository(work)
        first, second = [
            await rows.add(
                Project(code=code, name=code, timezone="UTC", currency="CNY", created_at=clock.now())
            )
            for code in ("001", "002")
        ]
    await operators.add(NAME, PASSWORD, "Anna", [(first, Role.CASHIER), (second, Role.ENGINEER)])
    yield Directory(clock, database, operators, settings, (first, second))
    await database.close()
