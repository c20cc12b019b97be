"""Readings in batches."""

from collections.abc import Sequence
from uuid import UUID

from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.metering.models import Reading
from prewatt_platform.metering.readings import ReadingRepository


async def latest(work: Work, meter_ids: Sequence[UUID]) -> dict[UUID, Reading]:
    """The latest reading of each meter; none for a meter that was never read."""
    return await ReadingRepository(work).latest(meter_ids)
