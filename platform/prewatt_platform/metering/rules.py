"""Pure rules of metering: lost meters, reading slots, repeated register pictures."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LOST_INTERVALS = 3
LOST_AFTER_MIN_S = 600


def lost_after_s(interval_s: int) -> int:
    """A meter not heard for this long is lost: three reading intervals, at least ten minutes."""
    return max(LOST_INTERVALS * interval_s, LOST_AFTER_MIN_S)


def is_lost(last_sign: datetime, now: datetime, interval_s: int) -> bool:
    """Whether a meter is lost; `last_sign` is when it was heard, or made known to us if it never was."""
    return now - last_sign > timedelta(seconds=lost_after_s(interval_s))


def slot(at: datetime, interval_s: int) -> int:
    """Number of the reading slot that holds a moment; a meter is read once in each."""
    return int(at.timestamp()) // interval_s


SAME_SECOND_S: Final = 2
"""Two readings within this time may show the same second of the meter's clock."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Clock and energy of the latest fresh reading, and its time."""

    at: datetime
    meter_clock: datetime | None
    energy_centikwh: int


def is_stale(
    before: Seen | None, at: datetime, meter_clock: datetime | None, energy_centikwh: int | None
) -> bool:
    """Whether a meter repeats an old register picture: its clock stood still or went back since `before`.

    A picture whose energy has gone on is a new one even if its clock was set back. Meters know
    no daylight saving, and the clock is compared with itself only, so a change of the zone's offset has no effect.
    `energy_centikwh` None: not read, so only the clock decides.
    """
    if before is None or before.meter_clock is None or meter_clock is None:
        return False
    if (at - before.at).total_seconds() < SAME_SECOND_S or meter_clock > before.meter_clock:
        return False
    return energy_centikwh is None or energy_centikwh <= before.energy_centikwh
