"""Pure rules of metering: lost meters, reading slots, repeated register pictures."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LOST_INTERVALS: Final = 3
LOST_AFTER_MIN_S: Final = 600
"""With short intervals a few lost frames would otherwise report a meter as lost."""


def lost_after_s(interval_s: int) -> int:
    """Seconds without an answer after which a meter is lost: three reading intervals, at least ten minutes."""
    return max(LOST_INTERVALS * interval_s, LOST_AFTER_MIN_S)


def is_lost(last_sign: datetime, now: datetime, interval_s: int) -> bool:
    """Whether a meter is lost. `last_sign`: when it was last heard, or when its row was created if never."""
    return now - last_sign > timedelta(seconds=lost_after_s(interval_s))


def slot(at: datetime, interval_s: int) -> int:
    """Number of the reading slot that contains `at`; a meter is read once in each slot."""
    return int(at.timestamp()) // interval_s


SAME_SECOND_S: Final = 2
"""Readings closer than this may show the same second of the meter's clock without being repeated."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Clock and energy of the latest fresh reading, and its time."""

    at: datetime
    meter_clock: datetime | None
    energy_centikwh: int


def is_stale(
    before: Seen | None, at: datetime, meter_clock: datetime | None, energy_centikwh: int | None
) -> bool:
    """Whether a meter repeats old registers: its clock stood still or went back since `before`, and so did its energy.

    Risen energy proves new registers even when someone set the clock back. The meter's clock is compared with itself
    only and has no daylight saving, so a change of the zone's offset has no effect. `energy_centikwh` None: not read, so
    the clock decides alone.
    """
    if before is None or before.meter_clock is None or meter_clock is None:
        return False
    if (at - before.at).total_seconds() < SAME_SECOND_S or meter_clock > before.meter_clock:
        return False
    return energy_centikwh is None or energy_centikwh <= before.energy_centikwh
