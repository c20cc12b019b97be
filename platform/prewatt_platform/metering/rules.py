"""Pure rules of metering: lost meters, reading slots, repeated register pictures, counters that begin again at 0."""

from collections.abc import Sequence
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


ROLLOVER_SHARE: Final = 10
"""A counter rolled over when it goes from the last tenth of its range to the first: any other fall is a reset or another
meter. A tenth of 999,999.99 kWh is years of use, so no gap between two readings is longer."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Clock and energies of the latest fresh reading, and its time. Energies count on over the meter's range."""

    at: datetime
    meter_clock: datetime | None
    energy_centikwh: int
    energy_by_rate_centikwh: Sequence[int] = ()
    energy_reverse_centikwh: int | None = None


def counted_on(before: int | None, shown: int, counter_range: int) -> int:
    """Energy of a counter that shows `shown`, with the turns of its range that `before` has made or makes now.

    `counter_range` 0: not known, so nothing is added. A late reading from before the last turn belongs to the turn before.
    """
    if before is None or not counter_range:
        return shown
    turns, last = divmod(before, counter_range)
    tenth = counter_range // ROLLOVER_SHARE
    if last >= counter_range - tenth and shown < tenth:
        turns += 1
    elif turns and last < tenth and shown >= counter_range - tenth:
        turns -= 1
    return turns * counter_range + shown


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
