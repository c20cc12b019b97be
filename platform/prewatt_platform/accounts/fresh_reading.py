"""The meter's registers of now, which a person or an adopted counter needs, and its credit as far as it is known."""

from datetime import datetime, timedelta
from typing import Final

from prewatt_platform.accounts.errors import NoFreshReading
from prewatt_platform.accounts.repository import OrderRepository
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.metering.models import Meter, MeterEpoch, Reading
from prewatt_platform.metering.readings import ReadingRepository

EVIDENCE_AGE_MAX: Final = timedelta(minutes=10)


async def latest_reading(work: Work, meter: Meter) -> Reading:
    """The latest reading. Raises `NoFreshReading` without one, and when it repeats old registers."""
    reading = (await ReadingRepository(work).latest([meter.id])).get(meter.id)
    if reading is None or reading.stale:
        raise NoFreshReading(meter)
    return reading


async def known_credit(work: Work, meter: Meter, epoch: MeterEpoch) -> tuple[int, datetime]:
    """Credit in fen by the latest reading and the orders applied since, and the reading's time. Raises `NoFreshReading`."""
    reading = await latest_reading(work, meter)
    assert reading.remaining_fen is not None, "only prepaid meters have credit"
    changed_fen = await OrderRepository(work).changed_since(epoch, reading.at)
    return reading.remaining_fen + changed_fen, reading.at


async def fresh_reading(work: Work, meter: Meter) -> Reading:
    """The latest reading, not older than `EVIDENCE_AGE_MAX`. Raises `NoFreshReading`."""
    reading = await latest_reading(work, meter)
    if reading.at < work.clock.now() - EVIDENCE_AGE_MAX:
        raise NoFreshReading(meter)
    return reading
