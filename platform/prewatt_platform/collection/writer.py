"""Readings on their way to the database: gathered, and written a batch at a time, one transaction a project.

A writer lives as long as its process, longer than any lead: what could not be written when the database went away is
written when it is back.
"""

import asyncio
from collections import defaultdict
from uuid import UUID

from prewatt_fixtures.clock import Clock
from prewatt_platform.control.task import OnReadings
from prewatt_platform.field.messages import MeterReading
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.tenancy import PLATFORM, Scope
from prewatt_platform.metering.readings import Failure, ReadingRepository

BATCH_MAX = 50
"""Readings that wait at most; the size of a batch."""


class ReadingWriter:
    """Buffers readings and failures per project. A batch that cannot be written is kept for the next write."""

    def __init__(self, database: Database, clock: Clock, on_readings: OnReadings) -> None:
        self._database = database
        self._clock = clock
        self._on_readings = on_readings
        self._heard: dict[int, dict[UUID, MeterReading]] = defaultdict(dict)
        self._failed: dict[int, dict[UUID, Failure]] = defaultdict(dict)
        self._writing = asyncio.Lock()

    async def heard(self, project_id: int, meter_id: UUID, reading: MeterReading) -> None:
        """Keep a reading; written when the batch is full or flushed."""
        self._heard[project_id][meter_id] = reading
        self._failed[project_id].pop(meter_id, None)
        if len(self._heard[project_id]) >= BATCH_MAX:
            await self.flush()

    async def failed(self, project_id: int, meter_id: UUID, reason: str) -> None:
        """Keep that a meter did not answer."""
        self._failed[project_id][meter_id] = Failure(self._clock.now(), reason)
        if len(self._failed[project_id]) >= BATCH_MAX:
            await self.flush()

    async def flush(self) -> None:
        """Write everything that waits."""
        async with self._writing:
            for project_id in {*self._heard, *self._failed}:
                await self._write(project_id)

    async def _write(self, project_id: int) -> None:
        heard = self._heard.pop(project_id, {})
        failed = self._failed.pop(project_id, {})
        if not heard and not failed:
            return
        try:
            async with self._database.project(Scope(project_id, PLATFORM)) as work:
                readings = ReadingRepository(work)
                fresh = await readings.store(heard)
                await readings.note_failures(failed)
                await self._on_readings(work, fresh)
        except BaseException:
            for meter_id, reading in heard.items():
                self._heard[project_id].setdefault(meter_id, reading)
            for meter_id, failure in failed.items():
                self._failed[project_id].setdefault(meter_id, failure)
            raise
