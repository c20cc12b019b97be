"""A meter's own clock: local time of the place, as far off as it was set.

A meter knows no daylight saving: it keeps the offset that its zone had when the farm started. It shows two digits of
the year, so it takes a jump of a hundred years for none.
"""

from datetime import datetime, timedelta

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a meter has no zone
_MILLISECOND = timedelta(milliseconds=1)
_CENTURY = 100
_CENTURY_MS = timedelta(days=36_525) // _MILLISECOND


def datetime_of(local_ms: int) -> datetime:
    """A meter's time from milliseconds since 1970."""
    return _EPOCH + local_ms * _MILLISECOND


def milliseconds_of(local: datetime) -> int:
    """Milliseconds since 1970 of a meter's time."""
    return (local - _EPOCH) // _MILLISECOND


def shown(local: datetime | None) -> datetime | None:
    """A meter's time with the year that its two digits stand for; no time is none."""
    return None if local is None else local.replace(year=2000 + local.year % _CENTURY)


class MeterClock:
    """Local milliseconds since 1970, from the farm's milliseconds since 1970."""

    __slots__ = ("_drift_ppm", "_drift_since_ms", "adjusted_ms", "zone_ms")

    def __init__(self, zone_ms: int) -> None:
        self.zone_ms = zone_ms
        self.adjusted_ms = 0
        """How far the meter's clock was set ahead of the place's; drift comes on top."""
        self._drift_ppm = 0
        self._drift_since_ms = 0

    @property
    def drift_ppm(self) -> int:
        """Parts in a million that it gains."""
        return self._drift_ppm

    def local(self, now_ms: int) -> datetime:
        """Local time shown by the meter's clock."""
        return datetime_of(self.local_ms(now_ms))

    def local_ms(self, now_ms: int) -> int:
        """The same in milliseconds since 1970 of the meter's own clock."""
        return now_ms + self.zone_ms + self.ahead_ms(now_ms)

    def ahead_ms(self, now_ms: int) -> int:
        """How far the meter's clock is ahead of the place's."""
        return self.adjusted_ms + self._drifted_ms(now_ms)

    def first_ms(self, local_ms: int) -> int:
        """The farm's first millisecond at which this clock says so many milliseconds or more, as it runs now."""
        gone_ms = local_ms - self.zone_ms - self.adjusted_ms - self._drift_since_ms
        return self._drift_since_ms - (-gone_ms * 1_000_000 // (1_000_000 + self._drift_ppm))

    def set(self, at: datetime, now_ms: int) -> None:
        """From now on it is `at`."""
        self.adjusted_ms = milliseconds_of(at) - now_ms - self.zone_ms
        self._drift_since_ms = now_ms

    def shift(self, by_ms: int) -> None:
        """From now on it is `by_ms` further, within a century."""
        shifted_ms = self.adjusted_ms + by_ms
        self.adjusted_ms = shifted_ms % _CENTURY_MS if shifted_ms > 0 else -(-shifted_ms % _CENTURY_MS)

    def drift(self, ppm: int, now_ms: int) -> None:
        """From now on the clock gains so many parts in a million."""
        self.adjusted_ms += self._drifted_ms(now_ms)
        self._drift_ppm, self._drift_since_ms = ppm, now_ms

    def reaches_ms(self, local: datetime) -> int:
        """The farm's first millisecond at which this clock says `local` or more, as it runs now."""
        return self.first_ms(milliseconds_of(local))

    def _drifted_ms(self, now_ms: int) -> int:
        return (now_ms - self._drift_since_ms) * self._drift_ppm // 1_000_000
