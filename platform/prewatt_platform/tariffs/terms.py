"""Terms of a price plan's version: prices by step and rate, day profiles, seasons. Pure.

Prices are in 0.0001 yuan per kWh or m³; use is in 0.01 kWh or 0.001 m³. Rates are numbered from 1: sharp, peak, flat, valley,
deep valley. A plan with one price has one rate.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from prewatt_fixtures.rates import ZONES_MAX, DayTable, RateTableError
from prewatt_platform.tariffs.errors import PlanRefused

RATES_MAX: Final = 5
STEPS_MAX: Final = 6
PROFILES_MAX: Final = 8
PRICE_MAX_E4: Final = 99_999_999
LIMIT_MAX: Final = 10**12
_LEAP_YEAR: Final = 2024


class Medium(StrEnum):
    """What is sold."""

    ELECTRICITY = "ELECTRICITY"
    WATER = "WATER"


class DayType(StrEnum):
    """Kind of a day. A make-up workday is a WORKDAY, whatever its weekday."""

    WORKDAY = "WORKDAY"
    REST_DAY = "REST_DAY"
    HOLIDAY = "HOLIDAY"


class StepPeriod(StrEnum):
    """Stretch of local time after which the steps begin again."""

    MONTH = "MONTH"
    YEAR = "YEAR"

    def number(self, day: date) -> int:
        """Number of the period that the day is in; periods that follow each other have other numbers."""
        return day.year if self is StepPeriod.YEAR else 12 * day.year + day.month


@dataclass(frozen=True, slots=True)
class Season:
    """A season of the year and the day profile of each type of day, numbered from 1."""

    month: int
    day: int
    workday: int
    rest_day: int
    holiday: int

    def profile(self, day_type: DayType) -> int:
        """Number of the profile for that type of day."""
        return {
            DayType.WORKDAY: self.workday,
            DayType.REST_DAY: self.rest_day,
            DayType.HOLIDAY: self.holiday,
        }[day_type]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a version of a plan says. Made by `terms`, which checks it."""

    prices_e4: tuple[tuple[int, ...], ...]
    """A row for each step, a price for each rate."""
    limits: tuple[int, ...] = ()
    """Use in the period at which each step but the last ends."""
    period: StepPeriod = StepPeriod.MONTH
    profiles: tuple[DayTable, ...] = (DayTable(((0, 1),)),)
    seasons: tuple[Season, ...] = (Season(1, 1, 1, 1, 1),)

    @property
    def rates(self) -> int:
        """How many rates it has."""
        return len(self.prices_e4[0])

    @property
    def meter_prices_e4(self) -> tuple[int, int, int, int]:
        """Prices of step 1 for a meter's registers of sharp, peak, flat and valley; rates that the plan lacks cost as its last."""
        row = self.prices_e4[0]
        sharp, peak, flat, valley = (row[min(rate, len(row) - 1)] for rate in range(4))
        return sharp, peak, flat, valley

    def season(self, day: date) -> Season:
        """The season of that day; before the first of the year the last one still runs."""
        running = self.seasons[-1]
        for season in self.seasons:
            if (day.month, day.day) >= (season.month, season.day):
                running = season
        return running

    def profile(self, day: date, day_type: DayType) -> DayTable:
        """Day profile of that day."""
        return self.profiles[self.season(day).profile(day_type) - 1]

    def as_json(self) -> dict[str, Any]:
        """For a database; `from_json` is its inverse."""
        return {
            "prices_e4": [list(row) for row in self.prices_e4],
            "limits": list(self.limits),
            "period": self.period.value,
            "profiles": [[list(slot) for slot in profile.slots] for profile in self.profiles],
            "seasons": [[s.month, s.day, s.workday, s.rest_day, s.holiday] for s in self.seasons],
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Terms":
        """The terms that `as_json` wrote."""
        return cls(
            tuple(tuple(row) for row in kept["prices_e4"]),
            tuple(kept["limits"]),
            StepPeriod(kept["period"]),
            tuple(DayTable(tuple((minute, rate) for minute, rate in slots)) for slots in kept["profiles"]),
            tuple(Season(*season) for season in kept["seasons"]),
        )


def terms(
    medium: Medium,
    prices_e4: Sequence[Sequence[int]],
    limits: Sequence[int] = (),
    period: StepPeriod = StepPeriod.MONTH,
    profiles: Sequence[Sequence[tuple[int, int]]] = (((0, 1),),),
    seasons: Sequence[Season] = (Season(1, 1, 1, 1, 1),),
) -> Terms:
    """Checked terms. `profiles`: slots as (minute of the day, rate). Raises `PlanRefused` with the key that is wrong."""
    _check_prices(medium, prices_e4)
    _check_limits(prices_e4, limits)
    tables = _tables(profiles, len(prices_e4[0]))
    _check_seasons(seasons, len(tables))
    return Terms(tuple(map(tuple, prices_e4)), tuple(limits), period, tables, tuple(seasons))


def with_surcharges(prices_e4: Sequence[int], surcharges_e4: Sequence[int]) -> list[list[int]]:
    """Prices of each step: those of step 1, and these with each further step's surcharge."""
    return [[price + extra for price in prices_e4] for extra in (0, *surcharges_e4)]


def _check_prices(medium: Medium, prices_e4: Sequence[Sequence[int]]) -> None:
    if not 1 <= len(prices_e4) <= STEPS_MAX:
        raise PlanRefused("prices", f"1 to {STEPS_MAX} steps, not {len(prices_e4)}")
    rates = len(prices_e4[0])
    most = 1 if medium is Medium.WATER else RATES_MAX
    if not 1 <= rates <= most:
        raise PlanRefused("prices", f"1 to {most} rates of {medium.lower()}, not {rates}")
    for number, row in enumerate(prices_e4, start=1):
        if len(row) != rates:
            raise PlanRefused("prices", f"{rates} prices in step {number} as in step 1, not {len(row)}")
        for price_e4 in row:
            if not 0 <= price_e4 <= PRICE_MAX_E4:
                raise PlanRefused("prices", f"prices from 0 to 9999.9999 in step {number}")


def _check_limits(prices_e4: Sequence[Sequence[int]], limits: Sequence[int]) -> None:
    if len(limits) != len(prices_e4) - 1:
        raise PlanRefused(
            "stepLimits", f"a limit for each step but the last: {len(prices_e4) - 1}, not {len(limits)}"
        )
    if any(not 0 < limit <= LIMIT_MAX for limit in limits):
        raise PlanRefused("stepLimits", "limits above 0")
    if list(limits) != sorted(set(limits)):
        raise PlanRefused("stepLimits", "limits that rise from step to step")


def _tables(profiles: Sequence[Sequence[tuple[int, int]]], rates: int) -> tuple[DayTable, ...]:
    if not 1 <= len(profiles) <= PROFILES_MAX:
        raise PlanRefused("dayProfiles", f"1 to {PROFILES_MAX} day profiles, not {len(profiles)}")
    tables = []
    for number, slots in enumerate(profiles, start=1):
        try:
            table = DayTable(tuple(slots))
        except RateTableError as wrong:
            raise PlanRefused("dayProfiles", f"profile {number}: {wrong}") from wrong
        running = [rate for _, rate in table.slots]
        if any(first == second for first, second in pairwise(running)):
            raise PlanRefused("dayProfiles", f"profile {number}: slots that follow each other differ in rate")
        if max(running) > rates:
            raise PlanRefused("dayProfiles", f"profile {number}: rates from 1 to {rates}, which have a price")
        tables.append(table)
    return tuple(tables)


def _check_seasons(seasons: Sequence[Season], profiles: int) -> None:
    if not 1 <= len(seasons) <= ZONES_MAX:
        raise PlanRefused("seasons", f"1 to {ZONES_MAX} seasons, not {len(seasons)}")
    dates = [(season.month, season.day) for season in seasons]
    # 29 February is a date, too: in other years its season begins on 1 March
    if any(
        not (1 <= month <= 12 and 1 <= day <= calendar.monthrange(_LEAP_YEAR, month)[1])
        for month, day in dates
    ):
        raise PlanRefused("seasons", "each from a date of the year")
    if dates != sorted(set(dates)):
        raise PlanRefused("seasons", "dates that rise through the year")
    for season in seasons:
        for day_type in DayType:
            if not 1 <= season.profile(day_type) <= profiles:
                raise PlanRefused("seasons", f"day profiles from 1 to {profiles}")


def price_differences(shown_e4: Sequence[int], wanted_e4: Sequence[int], source: str) -> list[str]:
    """Each price that differs, with both sides, per kWh."""
    return [
        f"{rate} {shown / 10_000:.4f} in the meter, {wanted / 10_000:.4f} by {source}"
        for rate, shown, wanted in zip(("sharp", "peak", "flat", "valley"), shown_e4, wanted_e4, strict=False)
        if shown != wanted
    ]
