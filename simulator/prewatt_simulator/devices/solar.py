"""Solar generation behind a meter: a load that feeds in whenever more is generated than drawn.

Generation is a half sine between sunrise and sunset, higher in summer than in winter, the same on each day of a month
(ASSUMED, plausible for 30° north, without weather). Consumption is one of the daily shapes. Both are constant within an
hour, so the net power is too, and the forward and reverse counters are sums over hours: exact and in closed form. The
pattern repeats after four years of 1,461 days; it does not know that 2100 is no leap year.
"""

import math
from bisect import bisect_left
from datetime import date, timedelta
from functools import cache, lru_cache
from itertools import accumulate
from typing import Final

from prewatt_simulator.devices.load import SHAPES, Load
from prewatt_simulator.units import DAY_MS, HOUR_MS

CYCLE_DAYS: Final = 1461
_FIRST_DAY: Final = date(1970, 1, 1)
_MONTHS: Final = range(1, 13)
_LOADS_MAX: Final = 256
_SCALE: Final = 1000
"""Weight of an hour of full generation; integer weights keep the sums exact."""


@cache
def generation(month: int) -> tuple[int, ...]:
    """Weights of the hours 0 to 23 in a month from 1 to 12."""
    summer = math.cos(2 * math.pi * (month - 6.5) / 12)
    day_hours, peak = 12 + 2 * summer, 0.8 + 0.2 * summer
    sunrise = 12 - day_hours / 2
    sines = (math.sin(math.pi * (hour + 0.5 - sunrise) / day_hours) for hour in range(24))
    inside = (sunrise <= hour + 0.5 <= sunrise + day_hours for hour in range(24))
    return tuple(round(_SCALE * peak * sine) if sun else 0 for sine, sun in zip(sines, inside, strict=True))


@cache
def _month_of_day() -> tuple[int, ...]:
    return tuple((_FIRST_DAY + timedelta(days=day)).month for day in range(CYCLE_DAYS))


class _Flow:
    """Energy in one direction as a sum over hours: `hours[month - 1][hour]` over `denominator`, in millionths."""

    __slots__ = ("_days", "_denominator", "_ends", "_hours")

    def __init__(self, hours: tuple[tuple[int, ...], ...], denominator: int) -> None:
        self._hours = hours
        self._denominator = denominator
        self._ends = tuple([0, *accumulate(day)] for day in hours)
        self._days = [0, *accumulate(self._ends[month - 1][24] for month in _month_of_day())]

    @property
    def per_day(self) -> int:
        """Mean amount per day over the four years, in whole millionths."""
        return self._days[-1] // (CYCLE_DAYS * self._denominator)

    def cumulative(self, local_ms: int) -> int:
        """Amount since 1970, rounded down to whole millionths."""
        days, rest_ms = divmod(local_ms, DAY_MS)
        cycle, day = divmod(days, CYCLE_DAYS)
        month = _month_of_day()[day] - 1
        hour, within_ms = divmod(rest_ms, HOUR_MS)
        whole = cycle * self._days[-1] + self._days[day] + self._ends[month][hour]
        return (whole * HOUR_MS + self._hours[month][hour] * within_ms) // (self._denominator * HOUR_MS)

    def reaches_ms(self, amount: int) -> int | None:
        """First local millisecond at which `cumulative` returns `amount` or more; None when nothing ever flows."""
        if not self._days[-1]:
            return None
        # The least numerator n with n // denominator >= amount, then the place where the sum reaches it.
        wanted = amount * self._denominator
        cycle, rest = divmod(wanted - 1, self._days[-1])
        day = bisect_left(self._days, rest + 1) - 1
        left = rest + 1 - self._days[day]
        month = _month_of_day()[day] - 1
        hour = bisect_left(self._ends[month], left) - 1
        within_ms = -(-(left - self._ends[month][hour]) * HOUR_MS // self._hours[month][hour])
        return ((cycle * CYCLE_DAYS + day) * 24 + hour) * HOUR_MS + within_ms

    def rate(self, hour_since_1970: int) -> int:
        """Numerator, over `denominator`, of the millionths that flow in an hour."""
        days, hour = divmod(hour_since_1970, 24)
        return self._hours[_month_of_day()[days % CYCLE_DAYS] - 1][hour]


class SolarLoad(Load):
    """`per_day` millionths drawn in a shape, and `solar_per_day` generated per day, as the mean of the twelve months."""

    __slots__ = ("_denominator", "_drawn", "_fed")

    period_ms = CYCLE_DAYS * DAY_MS
    feeds_in = True

    def __init__(self, shape: str, per_day: int, solar_per_day: int) -> None:
        super().__init__("idle" if shape == "solar" else shape, per_day)
        weights, suns = SHAPES[self.shape], [generation(month) for month in _MONTHS]
        weight_day, sun_year = sum(weights) or 1, sum(map(sum, suns))
        self.shape = shape
        self._denominator = weight_day * sun_year
        net = [
            [
                self.per_day * weight * sun_year - solar_per_day * 12 * sun * weight_day
                for weight, sun in zip(weights, month, strict=True)
            ]
            for month in suns
        ]
        self._drawn = _Flow(tuple(tuple(max(hour, 0) for hour in month) for month in net), self._denominator)
        self._fed = _Flow(tuple(tuple(max(-hour, 0) for hour in month) for month in net), self._denominator)

    def drawn(self, local_ms: int) -> int:
        return self._drawn.cumulative(local_ms)

    def fed(self, local_ms: int) -> int:
        return self._fed.cumulative(local_ms)

    def reaches_ms(self, drawn: int) -> int | None:
        return self._drawn.reaches_ms(drawn)

    def interval_over(self, power_w: int, local_ms: int) -> tuple[int, int] | None:
        limit = power_w * 1000 * self._denominator
        hour = local_ms // HOUR_MS
        over = [self._drawn.rate(each) > limit for each in range(hour - 24, hour + 25)]
        first = next((index for index in range(24, 48) if over[index]), None)
        if first is None:
            return None
        end = next(
            (index for index in range(first + 1, first + 24) if index > 48 or not over[index]), first + 24
        )
        if first == 24:
            first = next((index for index in range(24, 0, -1) if not over[index]), 0) + 1
        return (hour - 24 + first) * HOUR_MS, (hour - 24 + min(end, 48)) * HOUR_MS

    def per_hour(self, local_ms: int) -> float:
        hour = local_ms // HOUR_MS
        return (self._drawn.rate(hour) - self._fed.rate(hour)) / self._denominator / 1000


solar_load = lru_cache(_LOADS_MAX)(SolarLoad)
"""Cached: meters with equal loads share one object."""
