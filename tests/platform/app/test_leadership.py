"""A platform starts on the right schema only; of several one works, and stops when it loses leadership."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from prewatt_platform.app import Platform
from prewatt_platform.control.service import ControlService
from prewatt_platform.kernel.connections import connect
from prewatt_platform.kernel.errors import DatabaseUnreachable, SchemaOutdated

if TYPE_CHECKING:
    from conftest import Deployment

pytestmark = pytest.mark.anyio

OpenDeployment = Callable[..., Awaitable["Deployment"]]
METER = "0000010202"
CUT_LEADER = """SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def working() -> "set[asyncio.Task[Any]]":
    return {task for task in asyncio.all_tasks() if task.get_name() in {"dispatcher", "collector"}}


async def refreshed(deployment: "Deployment") -> str:
    async with deployment.database.project(deployment.scope) as work:
        command = await ControlService(work).refresh(METER)
    return str((await deployment.ended(command.id)).state)


async def test_an_older_schema_is_refused_before_anything_starts(empty_database_url: str) -> None:
    platform = Platform(empty_database_url)
    with pytest.raises(SchemaOutdated):
        await platform.start()
    assert not working()
    await platform.stop()


async def test_an_unreachable_database_is_named(database_url: str) -> None:
    platform = Platform(database_url.replace("/test_", "/nobodys_"))
    with pytest.raises(DatabaseUnreachable, match="nobodys_"):
        await platform.start()
    await platform.stop()


async def test_of_two_platforms_one_leads_and_the_other_takes_over(
    open_deployment: OpenDeployment, database_url: str
) -> None:
    deployment, second = await open_deployment(work="all"), await open_deployment(work="all", code="007")
    assert [await refreshed(deployment), await refreshed(deployment)] == ["SUCCEEDED"] * 2
    before = working()
    assert len(before) == 2
    connection = await connect(database_url)
    assert await connection.fetchval(CUT_LEADER)
    await connection.close()

    async def stopped() -> bool:
        return all(task.done() for task in before)

    await deployment.until(stopped)
    assert await refreshed(deployment) == "SUCCEEDED"
    assert len(working()) == 2
    await second.platform.stop()
    assert await refreshed(deployment) == "SUCCEEDED"


async def test_failed_work_is_started_again(
    open_deployment: OpenDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = await open_deployment()
    broke = asyncio.Event()

    async def lead(_: Platform, __: object) -> None:
        broke.set()
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(Platform, "_lead", lead)
        await deployment.platform.start()
        async with asyncio.timeout(30):
            await broke.wait()
    assert await refreshed(deployment) == "SUCCEEDED"
