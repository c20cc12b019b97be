"""A meter's own clock: local time of the place plus the deviation to which it was set or drifted.

No daylight saving: the clock keeps the offset that the zone had when the farm started. The clock register holds two
digits of the year, so a jump of a hundred years is none.
"""

from datetime import datetime, timedelta

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a meter has no zone
_MILLISECOND = timedelta(milliseconds=1)
_CENTURY = 100
_CENTURY_MS = timedelta(days=36_525) // _MILLISECOND


def datetime_of(local_ms: int) -> datetime:
    """Local time from local milliseconds since 1970."""
    return _EPOCH + local_ms * _MILLISECOND


def milliseconds_of(local: datetime) -> int:
    """Local milliseconds since 1970 of a local time."""
    return (local - _EPOCH) // _MILLISECOND


def displayed(local: datetime | None) -> datetime | None:
    """Local time as the clock register shows it: the year's last two digits in this century. None stays None."""
    return None if local is None else local.replace(year=2000 + local.year % _CENTURY)


class MeterClock:
    """Converts the farm's milliseconds (UTC, since 1970) to the meter's local milliseconds and back."""

    __slots__ = ("_drift_ppm", "_drift_since_ms", "adjusted_ms", "zone_ms")

    def __init__(self, zone_ms: int) -> None:
        self.zone_ms = zone_ms
        self.adjusted_ms = 0
        """Milliseconds by which the clock was set ahead of the place's time, without drift."""
        self._drift_ppm = 0
        self._drift_since_ms = 0

    @property
    def drift_ppm(self) -> int:
        """Parts per million that the clock gains; negative: loses."""
        return self._drift_ppm

    def local(self, now_ms: int) -> datetime:
        """Local time of the meter's clock."""
        return datetime_of(self.local_ms(now_ms))

    def local_ms(self, now_ms: int) -> int:
        """Local milliseconds since 1970 of the meter's clock."""
        return now_ms + self.zone_ms + self.ahead_ms(now_ms)

    def ahead_ms(self, now_ms: int) -> int:
        """Milliseconds by which the clock is ahead of the place's time, drift included."""
        return self.adjusted_ms + self._drifted_ms(now_ms)

    def first_ms(self, local_ms: int) -> int:
        """First farm millisecond at which `local_ms` is reached, as the clock runs now."""
        # inverse of `local_ms`, whose drift rounds down: this division rounds up
        gone_ms = local_ms - self.zone_ms - self.adjusted_ms - self._drift_since_ms
        return self._drift_since_ms - (-gone_ms * 1_000_000 // (1_000_000 + self._drift_ppm))

    def set(self, at: datetime, now_ms: int) -> None:
        """Set the clock to `at`; a drift goes on from there."""
        self.adjusted_ms = milliseconds_of(at) - now_ms - self.zone_ms
        self._drift_since_ms = now_ms

    def shift(self, by_ms: int) -> None:
        """Move the clock by `by_ms`. The deviation stays within a century, as the register shows no more."""
        shifted_ms = self.adjusted_ms + by_ms
        self.adjusted_ms = shifted_ms % _CENTURY_MS if shifted_ms > 0 else -(-shifted_ms % _CENTURY_MS)

    def drift(self, ppm: int, now_ms: int) -> None:
        """Let the clock gain `ppm` parts per million from now on."""
        self.adjusted_ms += self._drifted_ms(now_ms)
        self._drift_ppm, self._drift_since_ms = ppm, now_ms

    def reaches_ms(self, local: datetime) -> int:
        """First farm millisecond at which the clock shows `local` or more, as it runs now."""
        return self.first_ms(milliseconds_of(local))

    def _drifted_ms(self, now_ms: int) -> int:
        return (now_ms - self._drift_since_ms) * self._drift_ppm // 1_000_000
