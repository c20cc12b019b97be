"""Charge of use by a plan: exact on cumulative use, rounded to fen once. Pure.

A tally is carried from reading to reading: the use of the running step period, and the cost of all use so far in exact
units. What is posted for an interval is the difference of two rounded costs, so no sum of intervals drifts from the whole.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from prewatt_platform.tariffs.terms import DayType, Medium, Terms

DayTypes = Callable[[date], DayType]
"""Type of a local day."""

EXACT_PER_FEN: Final = {Medium.ELECTRICITY: 10_000, Medium.WATER: 100_000}
"""Exact units in a fen: 0.0001 yuan per kWh × 0.01 kWh is 1e-6 yuan; 0.0001 yuan per m³ × 0.001 m³ is 1e-7 yuan."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Use and cost of a metering point so far. It goes on when the meter, or the version of the plan, is changed."""

    period: int = 0
    """Number of the step period that `used` belongs to; 0: no use yet."""
    used: int = 0
    """Use in the period, all rates."""
    cost: int = 0
    """Cost of all use ever, in exact units."""

    def fen(self, medium: Medium) -> int:
        """The cost, rounded half up."""
        exact = EXACT_PER_FEN[medium]
        return (2 * self.cost + exact) // (2 * exact)


@dataclass(frozen=True, slots=True)
class Used:
    """Use of each rate between two readings; instants are aware."""

    since: datetime
    until: datetime
    by_rate: tuple[int, ...]


def add(terms: Terms, tally: Tally, used: Used, zone: ZoneInfo, day_types: DayTypes) -> Tally:
    """The tally after this use.

    Within the interval the use of a rate is spread evenly over the time in which it runs; that matters only where a step
    ends inside an interval with several rates, or a period ends inside it.
    """
    for day, rate, amount in _parts(terms, used, zone, day_types):
        period = terms.period.number(day)
        if period != tally.period:
            tally = Tally(period, 0, tally.cost)
        tally = Tally(period, tally.used + amount, tally.cost + _cost(terms, tally.used, amount, rate))
    return tally


def rate_at(terms: Terms, at: datetime, zone: ZoneInfo, day_types: DayTypes) -> tuple[int, datetime]:
    """The rate that runs at an instant, and the instant at which it may change; that is midnight at the latest."""
    local = at.astimezone(zone)
    rate, until_minute = terms.profile(local.date(), day_types(local.date())).slot_at(
        60 * local.hour + local.minute
    )
    midnight = datetime.combine(local.date(), time(), zone)
    until = midnight + timedelta(minutes=until_minute)
    if until_minute == 24 * 60:
        until = datetime.combine(local.date() + timedelta(days=1), time(), zone)
    # where clocks are put back, the end of a slot may come twice; time goes on in any case
    return rate, max(until.astimezone(at.tzinfo), at + timedelta(minutes=1) - _into_minute(at))


def _into_minute(at: datetime) -> timedelta:
    return timedelta(seconds=at.second, microseconds=at.microsecond)


def _runs(
    terms: Terms, since: datetime, until: datetime, zone: ZoneInfo, day_types: DayTypes
) -> Iterator[tuple[date, int, int]]:
    """(local day, rate, seconds) from `since` to `until`, in order."""
    at = since
    while at < until:
        rate, ends = rate_at(terms, at, zone, day_types)
        ends = min(ends, until)
        yield at.astimezone(zone).date(), rate, round((ends - at).total_seconds())
        at = ends


def _parts(terms: Terms, used: Used, zone: ZoneInfo, day_types: DayTypes) -> Iterator[tuple[date, int, int]]:
    """(local day, rate, use) in the order of time; the uses of each rate add up to the whole."""
    runs = list(_runs(terms, used.since, used.until, zone, day_types))
    seconds = [0] * len(used.by_rate)
    for _, rate, length_s in runs:
        if rate <= len(seconds):
            seconds[rate - 1] += length_s
    elapsed = [0] * len(seconds)
    given = [0] * len(seconds)
    for day, rate, length_s in runs:
        if rate > len(seconds) or not seconds[rate - 1]:
            continue
        elapsed[rate - 1] += length_s
        # cumulative shares: rounding one does not lose what the next ones have to make up
        reached = used.by_rate[rate - 1] * elapsed[rate - 1] // seconds[rate - 1]
        yield day, rate, reached - given[rate - 1]
        given[rate - 1] = reached
    # a rate that the meter counted and the plan did not run, because the meter's clock or tables are others
    last = used.until.astimezone(zone).date()
    for rate, whole in enumerate(used.by_rate, start=1):
        if whole - given[rate - 1]:
            yield last, rate, whole - given[rate - 1]


def _cost(terms: Terms, used: int, amount: int, rate: int) -> int:
    """Exact cost of `amount` after `used` in the period. A rate without a price costs as the last one."""
    cost = 0
    for step, row in enumerate(terms.prices_e4):
        end = terms.limits[step] if step < len(terms.limits) else None
        part = amount if end is None else min(amount, max(end - used, 0))
        cost += part * row[min(rate, len(row)) - 1]
        used, amount = used + part, amount - part
    return cost


def price_now_e4(terms: Terms, tally: Tally, day: date, rate: int) -> int:
    """Price of the next unit of that rate on that day."""
    used = tally.used if terms.period.number(day) == tally.period else 0
    step = sum(used >= limit for limit in terms.limits)
    row: Sequence[int] = terms.prices_e4[step]
    return row[min(rate, len(row)) - 1]
