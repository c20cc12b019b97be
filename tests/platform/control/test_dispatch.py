"""The dispatcher carries out what is due, whatever a handler meets."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from prewatt_fixtures.clock import ManualClock
from prewatt_platform import app
from prewatt_platform.control import dispatcher as module
from prewatt_platform.control.handlers import refresh
from prewatt_platform.control.models import Command, CommandKind, CommandState
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.control.service import ControlService
from prewatt_platform.control.task import Task
from prewatt_platform.metering.models import ControlMode

if TYPE_CHECKING:
    from conftest import Deployment

pytestmark = pytest.mark.anyio

OpenDeployment = Callable[..., Awaitable["Deployment"]]
BROKEN, WELL = "0000010202", "0000010201"


def replace_refresh(monkeypatch: pytest.MonkeyPatch, handler: Callable[[Task], Awaitable[None]]) -> None:
    monkeypatch.setattr(app, "HANDLERS", {**app.HANDLERS, CommandKind.REFRESH: handler})


async def ask(deployment: "Deployment", number: str) -> Command:
    async with deployment.database.project(deployment.scope) as work:
        return await ControlService(work).refresh(number)


async def found(deployment: "Deployment", command: Command) -> Command:
    async with deployment.database.project(deployment.scope) as work:
        now = await CommandRepository(work).by_id(command.id)
    assert now is not None
    return now


async def test_a_handler_that_breaks_stops_no_other_and_does_not_spin(
    open_deployment: OpenDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    async def broken(task: Task) -> None:
        tried.append(task.meter.number)
        if task.meter.number == BROKEN:
            raise ZeroDivisionError
        await refresh(task)

    replace_refresh(monkeypatch, broken)
    deployment = await open_deployment(work="all")
    bad = await ask(deployment, BROKEN)
    for _ in range(3):
        assert (await deployment.ended((await ask(deployment, WELL)).id)).state == "SUCCEEDED"

    async def put_off() -> bool:
        return (await found(deployment, bad)).detail is not None

    await deployment.until(put_off)
    # once by itself, and once more when a reading of its meter made it due
    assert tried.count(WELL) == 3
    assert tried.count(BROKEN) <= 2
    left = await found(deployment, bad)
    assert left.state == "REQUESTED"
    assert left.detail == "an internal error; tried again later"
    assert left.due_at is not None
    assert (left.due_at - left.updated_at).total_seconds() == pytest.approx(
        module.BROKEN_HANDLER_WAIT_S, abs=2
    )


async def test_what_broke_is_tried_again_when_its_time_has_come(
    open_deployment: OpenDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    broke = asyncio.Event()

    async def once_broken(task: Task) -> None:
        if not broke.is_set():
            broke.set()
            raise ZeroDivisionError
        await task.move(CommandState.SUCCEEDED)

    replace_refresh(monkeypatch, once_broken)
    clock = ManualClock(datetime(2026, 1, 15, tzinfo=UTC))
    deployment = await open_deployment(work="all", clock=clock)
    command = await ask(deployment, WELL)
    async with asyncio.timeout(30):
        await broke.wait()

    async def put_off() -> bool:
        return (await found(deployment, command)).detail is not None

    async def succeeded() -> bool:
        clock.advance(module.BROKEN_HANDLER_WAIT_S)  # again, should the dispatcher still have had it in hand
        return (await found(deployment, command)).state == "SUCCEEDED"

    await deployment.until(put_off)
    assert await deployment.until(succeeded)


async def test_one_that_was_changed_meanwhile_is_left_as_it_was_changed(
    open_deployment: OpenDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def overtaken(task: Task) -> None:
        async with task.database.project(task.scope) as work:
            commands = CommandRepository(work)
            now = await commands.by_id(task.command.id)
            assert now is not None
            await commands.move(now, CommandState.EXPIRED, due_at=None, detail="by somebody else")
        await task.move(CommandState.SUCCEEDED)

    replace_refresh(monkeypatch, overtaken)
    deployment = await open_deployment(work="all")
    done = await deployment.ended((await ask(deployment, WELL)).id)
    assert (done.state, done.detail) == ("EXPIRED", "by somebody else")


async def test_more_than_may_be_in_hand_at_once_are_all_carried_out(
    open_deployment: OpenDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TASKS_MAX", 2)
    deployment, other = await open_deployment(), await open_deployment(code="007")
    asked = [(deployment, await ask(deployment, number)) for number in deployment.farm.meter_numbers]
    asked += [(other, await ask(other, number)) for number in other.farm.meter_numbers]
    await deployment.platform.start()
    for where, command in asked:
        assert (await where.ended(command.id)).state == "SUCCEEDED"


async def test_what_was_asked_while_nobody_worked_is_carried_out_after_the_start(
    open_deployment: OpenDeployment,
) -> None:
    deployment = await open_deployment()
    async with deployment.database.project(deployment.scope) as work:
        command, _ = await ControlService(work).set_mode(uuid.uuid4(), WELL, ControlMode.FORCED_OFF)
    await deployment.platform.start()
    assert (await deployment.ended(command.id)).state == "SUCCEEDED"


async def test_a_process_that_only_answers_carries_nothing_out(open_deployment: OpenDeployment) -> None:
    deployment = await open_deployment(work="api")
    command = await ask(deployment, WELL)
    assert not any(
        task.get_name() in {"collector and dispatcher", "dispatcher"} for task in asyncio.all_tasks()
    )
    assert (await found(deployment, command)).state == "REQUESTED"


async def test_stopping_in_the_middle_leaves_the_command_to_the_next(
    open_deployment: OpenDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def slow(_: Task) -> None:
        begun.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        replace_refresh(patched, slow)
        deployment = await open_deployment(work="all")
        command = await ask(deployment, WELL)
        async with asyncio.timeout(30):
            await begun.wait()
        await deployment.platform.stop()
    await deployment.platform.start()
    assert (await deployment.ended(command.id)).state == "SUCCEEDED"
