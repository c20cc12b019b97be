"""Charges of use: no partition of a period changes the sum, and a slow second calculation gives the same fen."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_platform.tariffs.charge import EXACT_PER_FEN, Tally, Used, add, price_now_e4, rate_at
from prewatt_platform.tariffs.terms import DayType, Medium, Season, StepPeriod, Terms, terms

ZONE = ZoneInfo("Asia/Shanghai")
ELECTRICITY = Medium.ELECTRICITY
WORKDAY: Callable[[date], DayType] = lambda _: DayType.WORKDAY  # noqa: E731 - a fixed calendar

FOUR_RATES = [11_000, 9_000, 6_000, 3_000]
DAY = [(0, 4), (420, 3), (480, 2), (660, 3), (1080, 1), (1200, 2), (1320, 3), (1380, 4)]
NIGHT = [(0, 4), (600, 3)]
PLAN = terms(
    ELECTRICITY,
    [FOUR_RATES, [price + 500 for price in FOUR_RATES], [price + 3_000 for price in FOUR_RATES]],
    limits=[24_000, 40_000],
    profiles=[DAY, NIGHT],
    seasons=[Season(3, 1, 1, 2, 2), Season(11, 1, 2, 2, 2)],
)


def at(text: str) -> datetime:
    """An instant by its local time in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def by_minute(
    plan: Terms, start: datetime, watts: Sequence[int], day_types: Callable[[date], DayType]
) -> list[tuple[int, int]]:
    """Minute by minute: (use in 0.01 kWh, rate). A constant whole use each minute keeps the figures exact."""
    minutes = []
    for number, use in enumerate(watts):
        rate, _ = rate_at(plan, start + timedelta(minutes=number), ZONE, day_types)
        minutes.append((use, rate))
    return minutes


def slow_cost(plan: Terms, start: datetime, minutes: Sequence[tuple[int, int]]) -> int:
    """Exact cost, unit by unit of use: what a unit costs depends on the use before it in its month, and on its minute."""
    cost, used, period = 0, 0, None
    for number, (use, rate) in enumerate(minutes):
        local = (start + timedelta(minutes=number)).astimezone(ZONE)
        now = (local.year, local.month) if plan.period is StepPeriod.MONTH else (local.year,)
        if now != period:
            used, period = 0, now
        for _ in range(use):
            step = sum(used >= limit for limit in plan.limits)
            cost += plan.prices_e4[step][rate - 1]
            used += 1
    return cost


def read(
    plan: Terms, start: datetime, minutes: Sequence[tuple[int, int]], cuts: Sequence[int]
) -> list[Tally]:
    """Tallies of readings at these minutes, as a meter with a counter for each rate gives them."""
    tallies = [Tally()]
    for first, last in pairwise([0, *cuts, len(minutes)]):
        if first == last:
            continue
        by_rate = [0] * plan.rates
        for use, rate in minutes[first:last]:
            by_rate[rate - 1] += use
        used = Used(start + timedelta(minutes=first), start + timedelta(minutes=last), tuple(by_rate))
        tallies.append(add(plan, tallies[-1], used, ZONE, WORKDAY))
    return tallies


loads = st.lists(st.integers(0, 60), min_size=300, max_size=300)
starts = st.sampled_from(
    [
        at(text)
        for text in (
            "2024-02-28T22:00",
            "2026-02-28T22:00",
            "2026-10-31T23:00",
            "2026-03-31T21:30",
            "2026-12-31T22:00",
        )
    ]
)


@settings(max_examples=30, deadline=None)
@given(start=starts, load=loads, cuts=st.lists(st.integers(1, 299), max_size=6).map(sorted))
def test_equals_a_slow_calculation_when_each_reading_sees_one_rate(
    start: datetime, load: list[int], cuts: list[int]
) -> None:
    """Across the end of a month, of a year and of a season, on a leap day, and where steps end inside a slot."""
    minutes = by_minute(PLAN, start, load, WORKDAY)
    edges = {
        n
        for n in range(1, 300)
        if minutes[n][1] != minutes[n - 1][1]
        or (start + timedelta(minutes=n)).astimezone(ZONE).hour == 0 == (start + timedelta(minutes=n)).minute
    }
    tallies = read(PLAN, start, minutes, sorted({*cuts, *edges}))
    assert tallies[-1].cost == slow_cost(PLAN, start, minutes)


@settings(max_examples=30, deadline=None)
@given(start=starts, load=loads, cuts=st.lists(st.integers(1, 299), max_size=12).map(sorted))
def test_what_is_posted_for_the_parts_sums_to_the_whole_to_the_fen(
    start: datetime, load: list[int], cuts: list[int]
) -> None:
    plan = terms(ELECTRICITY, [FOUR_RATES], profiles=[DAY])
    minutes = by_minute(plan, start, load, WORKDAY)
    tallies = read(plan, start, minutes, cuts)
    posted = [after.fen(ELECTRICITY) - before.fen(ELECTRICITY) for before, after in pairwise(tallies)]
    exact = slow_cost(plan, start, minutes)
    assert sum(posted) == (2 * exact + 10_000) // 20_000
    assert sum(posted) == read(plan, start, minutes, [])[-1].fen(ELECTRICITY)


@settings(max_examples=40, deadline=None)
@given(
    used=st.lists(st.integers(0, 100_000), min_size=4, max_size=4),
    hours=st.integers(1, 72),
    start=starts,
)
def test_no_use_is_lost_or_made_whatever_the_interval(used: list[int], hours: int, start: datetime) -> None:
    plan = terms(ELECTRICITY, [[1, 1, 1, 1]], profiles=[NIGHT])
    whole = add(plan, Tally(), Used(start, start + timedelta(hours=hours), tuple(used)), ZONE, WORKDAY)
    assert whole.cost == sum(used)


def test_a_step_that_ends_inside_an_interval() -> None:
    plan = terms(Medium.WATER, [[30_000], [45_000], [90_000]], limits=[15_000, 20_000])
    tally = add(plan, Tally(), Used(at("2026-01-05T00:00"), at("2026-01-06T00:00"), (26_000,)), ZONE, WORKDAY)
    assert tally.cost == 15_000 * 30_000 + 5_000 * 45_000 + 6_000 * 90_000
    assert tally.fen(Medium.WATER) == 15 * 300 + 5 * 450 + 6 * 900
    assert price_now_e4(plan, tally, date(2026, 1, 20), 1) == 90_000
    assert price_now_e4(plan, tally, date(2026, 2, 1), 1) == 30_000


def test_steps_begin_again_with_the_month_and_the_cost_goes_on() -> None:
    plan = terms(Medium.WATER, [[10_000], [20_000]], limits=[1_000])
    tally = Tally()
    for month in (1, 2):
        used = Used(at(f"2026-{month:02}-10T00:00"), at(f"2026-{month:02}-11T00:00"), (1_500,))
        tally = add(plan, tally, used, ZONE, WORKDAY)
    assert tally.cost == 2 * (1_000 * 10_000 + 500 * 20_000)
    assert tally.used == 1_500


def test_a_make_up_workday_runs_the_workdays_profile() -> None:
    plan = terms(
        ELECTRICITY, [[10_000, 5_000]], profiles=[[(0, 1)], [(0, 2)]], seasons=[Season(1, 1, 1, 2, 2)]
    )
    saturday = at("2026-02-14T12:00")
    assert rate_at(plan, saturday, ZONE, lambda _: DayType.REST_DAY)[0] == 2
    assert rate_at(plan, saturday, ZONE, WORKDAY)[0] == 1


@pytest.mark.parametrize(("cost", "fen"), [(4_999, 0), (5_000, 1), (14_999, 1), (15_000, 2)])
def test_half_a_fen_is_rounded_up(cost: int, fen: int) -> None:
    assert Tally(cost=cost).fen(ELECTRICITY) == fen
    assert Tally(cost=cost * 10).fen(Medium.WATER) == fen
    assert EXACT_PER_FEN[Medium.WATER] == 10 * EXACT_PER_FEN[ELECTRICITY]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_where_clocks_change_every_second_is_in_one_slot(zone: str) -> None:
    plan = terms(ELECTRICITY, [[1, 1, 1]], profiles=[[(0, 1), (90, 2), (150, 3), (200, 1)]])
    for start in (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)):
        used = Used(start, start + timedelta(days=40), (1_000, 1_000, 1_000))
        assert add(plan, Tally(), used, ZoneInfo(zone), WORKDAY).cost == 3_000
