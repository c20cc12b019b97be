"""Runs due commands, one task each. An error in a handler postpones its command and affects no other.

Commands live in the database, so a crash loses none: after a restart they are due as before, and every handler begins
by finding out what the meter holds. One process at a time dispatches (`kernel.leadership`). A command kind brings its
handler along, so that this module knows none of the nouns above it.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import structlog

from prewatt_fixtures.clock import Clock
from prewatt_platform.control.errors import CommandChanged
from prewatt_platform.control.models import Command, CommandKind
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.control.task import Handler, OnReadings, Task
from prewatt_platform.field.field import Field
from prewatt_platform.kernel.backbone import ALL_PROJECTS, Backbone, Event
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.tenancy import PLATFORM, Actor, Scope
from prewatt_platform.projects.repository import ProjectRepository

TASKS_MAX = 200
"""Commands in hand at once; the others wait in the database."""

BROKEN_HANDLER_WAIT_S = 60

_log = structlog.get_logger(__name__)


class Dispatcher:
    """Runs until cancelled."""

    def __init__(
        self,
        database: Database,
        field: Field,
        backbone: Backbone,
        clock: Clock,
        handlers: Mapping[CommandKind, Handler],
        on_readings: OnReadings,
        *,
        tick_s: float = 1.0,
    ) -> None:
        self._database = database
        self._field = field
        self._backbone = backbone
        self._clock = clock
        self._handlers = handlers
        self._on_readings = on_readings
        self._tick_s = tick_s
        self._in_hand: dict[UUID, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Start due commands at every tick or event until cancelled. A tick that fails is repeated."""
        try:
            async with self._backbone.listening(ALL_PROJECTS, "command") as events:
                while True:
                    try:
                        await self._take_up_due()
                    except Exception:
                        _log.exception("due commands could not be looked for")
                    await self._wait(events)
        finally:
            for task in self._in_hand.values():
                task.cancel()
            await asyncio.gather(*self._in_hand.values(), return_exceptions=True)

    async def _wait(self, events: asyncio.Queue[Event]) -> None:
        """Until an event, or the next look: commands fall due by time too, and events may be lost."""
        waits = [asyncio.create_task(events.get()), asyncio.create_task(self._clock.sleep(self._tick_s))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        while not events.empty():
            events.get_nowait()

    async def _take_up_due(self) -> None:
        async with self._database.directory() as work:
            projects = await ProjectRepository(work).all()
        for project in projects:
            assert project.id is not None
            room = TASKS_MAX - len(self._in_hand)
            if room <= 0:
                return
            async with self._database.project(Scope(project.id, PLATFORM)) as work:
                due = await CommandRepository(work).due(self._clock.now(), room, without=list(self._in_hand))
            for command in due:
                task = asyncio.create_task(self._carry_out(command), name=f"command {command.id}")
                self._in_hand[command.id] = task

    async def _carry_out(self, command: Command) -> None:
        scope = Scope(command.project_id, Actor(command.actor_id, command.actor_name))
        try:
            task = await Task.take_up(
                command, scope, self._database, self._field, self._clock, self._on_readings
            )
            await self._handlers[CommandKind(command.kind)](task)
        except CommandChanged as changed:
            _log.info("command changed meanwhile", command=str(changed.command_id))
        except Exception:
            # a fault of ours must not stop the others, nor spin; the command stays as it is
            _log.exception("command handler failed", command=str(command.id), kind=command.kind)
            await self._put_off(command, scope)
        finally:
            del self._in_hand[command.id]

    async def _put_off(self, command: Command, scope: Scope) -> None:
        try:
            async with self._database.project(scope) as work:
                commands = CommandRepository(work)
                now = await commands.by_id(command.id)
                if now is not None and not now.final:
                    due_at = self._clock.now() + timedelta(seconds=BROKEN_HANDLER_WAIT_S)
                    await commands.move(
                        now, now.state, due_at=due_at, detail="an internal error; tried again later"
                    )
        except Exception:
            _log.exception("command could not be put off", command=str(command.id))
