"""Load behind an energy or water meter: the cumulative amount as a function of local time.

Exact and in closed form, so that the amount at any moment is computed without simulating the time before it. A shape is
24 hourly weights, repeated every day; the amount of a day is spread by them. Amounts are in millionths of the site
file's unit (mWh for kWh, ml for m³), time in milliseconds since 1970 on the wall clock of the place. Relay and valve
are the meter's part: a load says what would be drawn.
"""

from bisect import bisect_left
from functools import cache
from itertools import accumulate

from prewatt_fixtures.bounds import shown
from prewatt_simulator.errors import SimulatorError
from prewatt_simulator.units import DAY_MS, HOUR_MS

SHAPES: dict[str, tuple[int, ...]] = {
    "flat": (1,) * 24,
    "dormitory": (4, 3, 2, 2, 2, 3, 6, 8, 5, 3, 3, 5, 7, 5, 3, 3, 4, 6, 9, 11, 12, 13, 11, 7),
    "shop": (1, 1, 1, 1, 1, 1, 2, 4, 8, 10, 11, 12, 12, 11, 10, 10, 11, 12, 12, 11, 9, 6, 3, 1),
    "bakery": (2, 2, 4, 9, 14, 16, 14, 11, 8, 6, 5, 5, 5, 4, 4, 4, 4, 4, 4, 3, 2, 2, 2, 2),
    "lift": (1, 1, 1, 1, 1, 2, 6, 12, 9, 6, 6, 8, 9, 7, 6, 6, 8, 12, 10, 8, 6, 5, 3, 2),
    "lighting": (6, 6, 6, 6, 6, 5, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 8, 10, 10, 10, 9, 7),
    "idle": (0,) * 24,
}
"""Weights of the hours 0 to 23. Our own invention, plausible rather than measured."""


class LoadError(SimulatorError):
    """The site or a caller names an unknown load shape."""


class Load:
    """`per_day` millionths drawn each day, spread by a shape. Raises `LoadError` for an unknown shape."""

    __slots__ = ("_ends", "_weight_day", "_weights", "per_day", "shape")

    period_ms = DAY_MS
    """The load repeats after so many milliseconds."""

    feeds_in = False
    """Whether energy ever flows back into the network."""

    def __init__(self, shape: str, per_day: int) -> None:
        weights = SHAPES.get(shape) if isinstance(shape, str) else None
        if weights is None:
            raise LoadError(f"the load shape {shown(shape)} is not built; known: {', '.join(SHAPES)}")
        self._weights = weights
        self._ends, self._weight_day = _cumulative(weights)
        self.shape = shape
        """Shape name in a site file."""
        self.per_day = per_day if self._weight_day else 0

    def drawn(self, local_ms: int) -> int:
        """Amount drawn since 1970, rounded down to whole millionths; never falls."""
        days, rest = divmod(local_ms, DAY_MS)
        if not self.per_day:
            return 0
        # weight of the day's full hours and of the part of the running one, in weight × milliseconds
        hour, within = divmod(rest, HOUR_MS)
        weight = self._ends[hour] * HOUR_MS + self._weights[hour] * within
        return days * self.per_day + self.per_day * weight // (self._weight_day * HOUR_MS)

    def fed(self, local_ms: int) -> int:
        """Amount fed in since 1970, rounded down to whole millionths; never falls."""
        return 0

    def reaches_ms(self, drawn: int) -> int | None:
        """First local millisecond at which `self.drawn` returns `drawn` or more; None when nothing is ever drawn."""
        if not self.per_day:
            return None
        # The inverse of `drawn`, which rounds down; so every division here rounds up (-(-a // b)), to stay exact.
        days, rest = divmod(drawn - 1, self.per_day)
        weight = -(-(rest + 1) * self._weight_day * HOUR_MS // self.per_day)
        hour = bisect_left(self._ends, -(-weight // HOUR_MS)) - 1
        within = -(-(weight - self._ends[hour] * HOUR_MS) // self._weights[hour])
        return days * DAY_MS + hour * HOUR_MS + within

    def interval_over(self, power_w: int, local_ms: int) -> tuple[int, int] | None:
        """Start and end of the interval in which more than `power_w` is drawn: the one at `local_ms`, else the next.

        Both are local milliseconds, at most a day from `local_ms`, even when the interval is longer. None when there is
        none within a day. For water, `power_w` is in l/h.
        """
        limit = power_w * 1000 * self._weight_day
        over = [self.per_day * weight > limit for weight in self._weights]
        if not any(over):
            return None
        hour = local_ms // HOUR_MS
        first = next(h for h in range(hour, hour + 24) if over[h % 24])
        end = next((h for h in range(first + 1, first + 24) if not over[h % 24]), first + 24)
        if first == hour:
            first = next((h for h in range(hour, hour - 24, -1) if not over[h % 24]), hour - 24) + 1
        return first * HOUR_MS, end * HOUR_MS

    def per_hour(self, local_ms: int) -> float:
        """Power in W, or flow in l/h, at a moment. Negative when energy is fed in."""
        if not self.per_day:
            return 0.0
        weight = self._weights[local_ms % DAY_MS // HOUR_MS]
        return self.per_day * weight / self._weight_day / 1000


@cache
def _cumulative(weights: tuple[int, ...]) -> tuple[list[int], int]:
    ends = [0, *accumulate(weights)]
    return ends, ends[-1]
