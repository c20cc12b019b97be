"""A meter's own clock: local time of the place, as far off as it was set.

A meter knows no daylight saving: it keeps the offset that its zone had when the farm started.
"""

from datetime import datetime, timedelta

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a meter has no zone
_MILLISECOND = timedelta(milliseconds=1)


class MeterClock:
    """Local milliseconds since 1970, from the farm's milliseconds since 1970."""

    __slots__ = ("adjusted_ms", "zone_ms")

    def __init__(self, zone_ms: int) -> None:
        self.zone_ms = zone_ms
        self.adjusted_ms = 0
        """How far the meter's clock runs ahead of the place's."""

    def local(self, now_ms: int) -> datetime:
        """What the meter takes the time to be."""
        return _EPOCH + (now_ms + self.zone_ms + self.adjusted_ms) * _MILLISECOND

    def set(self, at: datetime, now_ms: int) -> None:
        """From now on it is `at`."""
        self.adjusted_ms = (at - _EPOCH) // _MILLISECOND - now_ms - self.zone_ms
