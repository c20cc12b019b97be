"""The database goes away for a while: nothing that was read is lost, nobody is read twice, and the work goes on."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from prewatt_fixtures.clock import ManualClock
from prewatt_platform.control.service import ControlService
from prewatt_platform.kernel.connections import connect
from prewatt_platform.kernel.settings import Settings
from prewatt_platform.metering.models import ControlMode
from prewatt_platform.projects.repository import ProjectRepository
from prewatt_simulator.faults import Fault, FaultKind

if TYPE_CHECKING:
    from conftest import Deployment

pytestmark = pytest.mark.anyio

OpenDeployment = Callable[..., Awaitable["Deployment"]]
ANSWERED = ("0000010201", "0000010202")
START = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)
BLOCK = "ALTER DATABASE {} ALLOW_CONNECTIONS false"
ALLOW = "ALTER DATABASE {} ALLOW_CONNECTIONS true"
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"


@pytest.fixture
def away(postgres_url: str, database_url: str) -> Callable[[], Any]:
    """Cuts every connection to this test's database and lets none in, for the length of a block."""
    name = database_url.rpartition("/test_")[2].partition("?")[0]

    @asynccontextmanager
    async def block() -> AsyncIterator[None]:
        server = await connect(postgres_url)
        try:
            await server.execute(BLOCK.format(f"test_{name}"))
            await server.execute(CUT.format(f"test_{name}"))
            yield
            await server.execute(ALLOW.format(f"test_{name}"))
        finally:
            await server.close()

    return block


async def readings(deployment: "Deployment") -> list[int]:
    """How many readings each meter has."""
    async with deployment.database.project(deployment.scope) as work:
        rows = await work.session.execute(
            text(
                "SELECT count(at) FROM meters LEFT JOIN readings"
                " ON readings.project_id = meters.project_id AND meter_id = id GROUP BY number ORDER BY number"
            )
        )
        return list(rows.scalars())


async def test_what_was_read_and_not_yet_stored_is_stored_when_it_is_back(
    open_deployment: OpenDeployment, away: Callable[[], Any]
) -> None:
    """Two meters of a bus have answered, the third takes its time; then the database goes, and the lead with it."""
    clock = ManualClock(START)
    deployment = await open_deployment(clock=clock, settings=Settings(read_timeout_s=60))
    delays = [
        deployment.farm.faults.add(Fault(kind=FaultKind.DELAY_REPLY, meter=number, delay_s=10, count=1))
        for number in (ANSWERED[0], "0000010203")
    ]
    await deployment.platform.start()

    async def others_stored() -> bool:
        return sorted(await readings(deployment)) == [0] * 3 + [1] * 5

    async def third_asked() -> bool:
        return delays[1].fired == 1

    await deployment.until(others_stored)
    clock.advance(10)
    await deployment.until(third_asked)
    assert await others_stored()
    answered = [len(deployment.farm.journal.requests(meter=number)) for number in ANSWERED]
    async with away():
        await deployment.until(lambda: _is_lost(deployment))
    clock.advance(10)

    async def stored() -> bool:
        return await readings(deployment) == [1] * 8

    await deployment.until(stored)
    assert [len(deployment.farm.journal.requests(meter=number)) for number in ANSWERED] == answered


async def _is_lost(deployment: "Deployment") -> bool:
    return not any(task.get_name() == "collector" for task in asyncio.all_tasks())


async def test_the_work_goes_on_afterwards(open_deployment: OpenDeployment, away: Callable[[], Any]) -> None:
    deployment = await open_deployment(work="all")
    await deployment.read()
    async with away():
        pass
    async with deployment.database.project(deployment.scope) as work:
        command, _ = await ControlService(work).set_mode(uuid.uuid4(), "0000010202", ControlMode.FORCED_OFF)
    assert (await deployment.ended(command.id)).state == "SUCCEEDED"


async def test_a_look_at_the_database_that_fails_stops_nothing(
    open_deployment: OpenDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Queries fail for a while, the lead stays."""
    deployment = await open_deployment(work="all", settings=Settings(tick_s=0.05))
    await deployment.read()
    working = [task for task in asyncio.all_tasks() if task.get_name() in {"collector", "dispatcher"}]
    assert len(working) == 2
    failed: list[None] = []

    async def fail(_: ProjectRepository) -> None:
        failed.append(None)
        raise ConnectionResetError

    async def failed_often() -> bool:
        return len(failed) > 4

    with monkeypatch.context() as patched:
        patched.setattr(ProjectRepository, "all", fail)
        await deployment.until(failed_often)
    async with deployment.database.project(deployment.scope) as work:
        command = await ControlService(work).refresh("0000010202")
    assert (await deployment.ended(command.id)).state == "SUCCEEDED"
    assert not any(task.done() for task in working)
