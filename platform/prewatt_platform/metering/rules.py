"""Pure rules of metering: when a meter counts as lost, which slot of the schedule a moment lies in."""

from datetime import datetime, timedelta

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
