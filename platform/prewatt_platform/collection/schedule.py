"""Reads every meter once in each reading slot, one task per bus; buses do not wait for each other.

A slot is a stretch of the day as long as the meter's interval (30 minutes, unless the project or the meter says
otherwise). A meter is due when it was not tried in the running slot; what was tried stands in the database, so a
restart asks nobody twice. A bus is worked through by one task; a slow or dead bus skips slots of its own and
delays nobody. Readings go to the database in batches.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from prewatt_fixtures.clock import Clock
from prewatt_platform.collection.writer import ReadingWriter
from prewatt_platform.field.errors import FieldError, ReadAgain, read_again
from prewatt_platform.field.field import Field
from prewatt_platform.field.messages import BusAddress, MeterAddress
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.tenancy import PLATFORM, Scope
from prewatt_platform.metering.repository import MeterRepository, Scheduled
from prewatt_platform.metering.rules import slot
from prewatt_platform.metering.service import address_of
from prewatt_platform.projects.repository import ProjectRepository

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """One meter that is to be read now."""

    project_id: int
    meter_id: UUID
    address: MeterAddress


class Collector:
    """Runs until cancelled."""

    def __init__(
        self, database: Database, field: Field, clock: Clock, writer: ReadingWriter, *, tick_s: float = 1.0
    ) -> None:
        self._database = database
        self._field = field
        self._clock = clock
        self._tick_s = tick_s
        self._writer = writer
        self._busy: dict[BusAddress, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Start due readings at every tick until cancelled. A tick that fails, such as on a lost database, is repeated."""
        try:
            while True:
                try:
                    # first what waits: a reading that was taken is not due again
                    await self._writer.flush()
                    await self._start_due()
                except Exception:
                    _log.exception("the schedule could not be looked at")
                await self._clock.sleep(self._tick_s)
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)
            await self._writer.flush()

    async def _start_due(self) -> None:
        by_bus: dict[BusAddress, list[Due]] = defaultdict(list)
        for due in await self._due():
            by_bus[due.address.bus].append(due)
        for bus, meters in by_bus.items():
            if bus not in self._busy:
                self._busy[bus] = asyncio.create_task(self._read_bus(bus, meters), name=f"collect {bus}")

    async def _due(self) -> list[Due]:
        now = self._clock.now()
        async with self._database.directory() as work:
            projects = await ProjectRepository(work).all()
        due: list[Due] = []
        for project in projects:
            assert project.id is not None
            async with self._database.project(Scope(project.id, PLATFORM)) as work:
                schedule = await MeterRepository(work).schedule()
            due.extend(
                Due(project.id, row.meter.id, address_of(row.meter, row.port))
                for row in schedule
                if _is_due(row, project.reading_interval_s, now)
            )
        return due

    async def _read_bus(self, bus: BusAddress, meters: Sequence[Due]) -> None:
        try:
            silent = [due for due in meters if not await self._read(due, last=False)]
            # a second chance inside the slot: what was lost to noise or a collision is rarely lost twice
            for due in silent:
                await self._read(due, last=True)
            await self._writer.flush()
        except Exception:
            _log.exception("a bus could not be read", bus=str(bus))
        finally:
            del self._busy[bus]

    async def _read(self, due: Due, *, last: bool) -> bool:
        """Whether the meter is done with for this slot: read, or failed for a reason that will not pass."""
        try:
            reading = await self._field.read(due.address)
        except FieldError as failure:
            if not last and read_again(failure) is not ReadAgain.NEVER:
                return False
            await self._writer.failed(due.project_id, due.meter_id, str(failure))
        except Exception:
            # a fault of ours with one meter must not keep the others of its bus from being read
            _log.exception("a meter could not be read", meter=due.address.number)
            await self._writer.failed(due.project_id, due.meter_id, "an internal error")
        else:
            await self._writer.heard(due.project_id, due.meter_id, reading)
        return True


def _is_due(row: Scheduled, project_interval_s: int, now: datetime) -> bool:
    interval_s = row.interval_s or project_interval_s
    tried_at = row.state.tried_at
    return tried_at is None or slot(tried_at, interval_s) < slot(now, interval_s)
