"""A meter's own clock: local time of the place, as far off as it was set.

A meter knows no daylight saving: it keeps the offset that its zone had when the farm started.
"""

from datetime import datetime, timedelta

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a meter has no zone
_MILLISECOND = timedelta(milliseconds=1)


class MeterClock:
    """Local milliseconds since 1970, from the farm's milliseconds since 1970."""

    __slots__ = ("_drift_ppm", "_drift_since_ms", "adjusted_ms", "zone_ms")

    def __init__(self, zone_ms: int) -> None:
        self.zone_ms = zone_ms
        self.adjusted_ms = 0
        """How far the meter's clock was set ahead of the place's; drift comes on top."""
        self._drift_ppm = 0
        self._drift_since_ms = 0

    def local(self, now_ms: int) -> datetime:
        """What the meter takes the time to be."""
        return _EPOCH + (now_ms + self.zone_ms + self.adjusted_ms + self._drifted_ms(now_ms)) * _MILLISECOND

    def set(self, at: datetime, now_ms: int) -> None:
        """From now on it is `at`."""
        self.adjusted_ms = (at - _EPOCH) // _MILLISECOND - now_ms - self.zone_ms
        self._drift_since_ms = now_ms

    def drift(self, ppm: int, now_ms: int) -> None:
        """From now on the clock gains so many parts in a million."""
        self.adjusted_ms += self._drifted_ms(now_ms)
        self._drift_ppm, self._drift_since_ms = ppm, now_ms

    def reaches_ms(self, local: datetime) -> int:
        """The farm's first millisecond at which this clock says `local` or more, as it runs now."""
        since_ms = self._drift_since_ms
        ahead_ms = (local - _EPOCH) // _MILLISECOND - self.zone_ms - self.adjusted_ms - since_ms
        return since_ms - (-ahead_ms * 1_000_000 // (1_000_000 + self._drift_ppm))

    def _drifted_ms(self, now_ms: int) -> int:
        return (now_ms - self._drift_since_ms) * self._drift_ppm // 1_000_000
