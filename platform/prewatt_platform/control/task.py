"""A command being carried out: access to its meter, and its state changes.

A handler never holds a transaction while it waits for the bus. It reads or writes the bus inside `lane()`, and each
`move` is one unit of work of its own, with the command's audit row and whatever else must become true with it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from prewatt_fixtures.clock import Clock
from prewatt_platform.control import rules
from prewatt_platform.control.models import FINAL, NOTHING_SENT, Command, CommandState
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.control.rules import Obstacle
from prewatt_platform.field.driver import Lane
from prewatt_platform.field.errors import BusUnreachable, FieldError, LinkLost
from prewatt_platform.field.field import Field
from prewatt_platform.field.messages import MeterReading
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.tenancy import Scope, Work
from prewatt_platform.metering.errors import GatewayUnreachable, MeteringError
from prewatt_platform.metering.models import Meter
from prewatt_platform.metering.readings import ReadingRepository
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.metering.service import MeteringService

AlsoTrue = Callable[[Work], Awaitable[None]]

OnReadings = Callable[[Work, Mapping[UUID, MeterReading]], Awaitable[None]]
"""Called in the transaction that stores fresh readings, by meter id; settles the orders that they prove."""


@dataclass
class Task:
    """A command, its meter and the tools of its handler."""

    command: Command
    meter: Meter
    scope: Scope
    database: Database
    field: Field
    clock: Clock
    on_readings: OnReadings
    lane_held: Lane | None = None
    """The lane of the latest attempt."""

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[Lane]:
        """Hold the meter's bus. Raises `GatewayUnreachable` when the gateway's address is not known."""
        async with self.database.project(self.scope) as work:
            address = await MeteringService(work).address(self.meter)
        async with self.field.hold(address) as lane:
            self.lane_held = lane
            yield lane

    async def move(
        self,
        state: CommandState,
        detail: str | None = None,
        *,
        due_in_s: float = 0,
        attempted: bool = False,
        payload: dict[str, Any] | None = None,
        also: AlsoTrue | None = None,
    ) -> None:
        """Set the command's state in a unit of work of its own, with `also` in the same one."""
        async with self.database.project(self.scope) as work:
            if also is not None:
                await also(work)
            await self.move_in(work, state, detail, due_in_s=due_in_s, attempted=attempted, payload=payload)

    async def move_in(
        self,
        work: Work,
        state: CommandState,
        detail: str | None = None,
        *,
        due_in_s: float = 0,
        attempted: bool = False,
        payload: dict[str, Any] | None = None,
    ) -> None:
        """Set the command's state in the caller's transaction. Raises `CommandChanged` if its version moved."""
        await CommandRepository(work).move(
            self.command,
            state,
            due_at=None if state in FINAL else self.clock.now() + timedelta(seconds=due_in_s),
            detail=detail,
            attempts=self.command.attempts + attempted,
            payload=payload,
        )
        audit.record(
            work,
            f"{self.command.kind} {state}",
            f"meter {self.meter.number}",
            command=str(self.command.id),
            detail=detail,
        )

    async def ask_again(self, state: CommandState, detail: str, obstacle: Obstacle = Obstacle.METER) -> None:
        """Note an attempt without an answer and set the time of the next one."""
        wait_s = rules.ask_again_after_s(obstacle, self.command.attempts + 1)
        await self.move(state, detail, due_in_s=wait_s, attempted=True)

    async def retry(self, state: CommandState, failure: FieldError | MeteringError) -> None:
        """Set the time of the next attempt after the field failed; a broken link is asked sooner than a silent meter."""
        broken = isinstance(failure, BusUnreachable | LinkLost | GatewayUnreachable)
        if self.lane_held is not None and self.lane_held.answered:
            obstacle = Obstacle.LOSS
        elif state in NOTHING_SENT:
            obstacle = Obstacle.NOTHING_SENT
        else:
            obstacle = Obstacle.LINK if broken else Obstacle.METER
        await self.ask_again(state, str(failure), obstacle)

    async def store(self, reading: MeterReading) -> None:
        """Store a reading taken by the handler, and settle the orders that it proves."""
        async with self.database.project(self.scope) as work:
            fresh = await ReadingRepository(work).store({self.meter.id: reading})
            await self.on_readings(work, fresh)

    @classmethod
    async def take_up(
        cls,
        command: Command,
        scope: Scope,
        database: Database,
        field: Field,
        clock: Clock,
        on_readings: OnReadings,
    ) -> "Task":
        """The task of a command, with its meter as it is now."""
        async with database.project(scope) as work:
            meter = await MeterRepository(work).by_id(command.meter_id)
        assert meter is not None
        return cls(command, meter, scope, database, field, clock, on_readings)


class Handler(Protocol):
    """What carries out one kind of command."""

    async def __call__(self, task: Task) -> None:
        """Bring the command to its end, or to a state with a time to come back."""
        ...
