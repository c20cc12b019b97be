"""Lost meters, reading slots, repeated registers."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_platform.metering import rules
from prewatt_platform.metering.rules import Seen, is_stale

NOW = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)
intervals = st.integers(60, 86400)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("interval_s", "lost_s"), [(60, 600), (200, 600), (201, 603), (1800, 5400), (86400, 259200)]
)
def test_lost_is_three_intervals_and_at_least_ten_minutes(interval_s: int, lost_s: int) -> None:
    assert rules.lost_after_s(interval_s) == lost_s
    assert not rules.is_lost(NOW - timedelta(seconds=lost_s), NOW, interval_s)
    assert rules.is_lost(NOW - timedelta(seconds=lost_s, microseconds=1), NOW, interval_s)


@given(moments, intervals)
def test_a_slot_lasts_one_interval(at: datetime, interval_s: int) -> None:
    here = rules.slot(at, interval_s)
    start = datetime.fromtimestamp(here * interval_s, UTC)
    assert start <= at
    assert rules.slot(start, interval_s) == here
    assert rules.slot(start - timedelta(microseconds=1), interval_s) == here - 1
    assert rules.slot(start + timedelta(seconds=interval_s), interval_s) == here + 1


@given(moments, moments, intervals)
def test_slots_rise_with_time(one: datetime, other: datetime, interval_s: int) -> None:
    assert rules.slot(min(one, other), interval_s) <= rules.slot(max(one, other), interval_s)


class TestStale:
    AT = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)
    CLOCK = datetime(2026, 1, 15, 16, 0, 3)
    SEEN = Seen(AT, CLOCK, 1000)

    @pytest.mark.parametrize(
        ("after_s", "clock_after_s", "energy", "stale"),
        [
            (1800, 1800, 1010, False),
            (1800, 1800, 1000, False),
            (1800, 0, 1000, True),
            (1800, -3600, 990, True),
            (1800, -3600, 1000, True),
            (1, 0, 1000, False),
        ],
    )
    def test_clock_that_stood_still_or_went_back(
        self, after_s: int, clock_after_s: int, energy: int, stale: bool
    ) -> None:
        at, clock = self.AT + timedelta(seconds=after_s), self.CLOCK + timedelta(seconds=clock_after_s)
        assert is_stale(self.SEEN, at, clock, energy) is stale

    def test_clock_that_was_set_back_while_energy_went_on(self) -> None:
        later = self.AT + timedelta(minutes=30)
        assert not is_stale(self.SEEN, later, self.CLOCK - timedelta(hours=1), 1001)

    def test_without_energy_the_clock_alone_decides(self) -> None:
        later = self.AT + timedelta(minutes=30)
        assert is_stale(self.SEEN, later, self.CLOCK, None)

    @pytest.mark.parametrize("before", [None, Seen(AT, None, 1000)])
    def test_without_an_earlier_reading_nothing_is_stale(self, before: Seen | None) -> None:
        assert not is_stale(before, self.AT + timedelta(hours=1), self.CLOCK, 1000)

    def test_meter_without_a_clock(self) -> None:
        assert not is_stale(self.SEEN, self.AT + timedelta(hours=1), None, 1000)

    @given(st.integers(2, 10**6), st.integers(1, 10**6), st.integers(0, 10**6))
    def test_an_advancing_clock_is_never_stale(self, after_s: int, clock_s: int, energy: int) -> None:
        at, clock = self.AT + timedelta(seconds=after_s), self.CLOCK + timedelta(seconds=clock_s)
        assert not is_stale(self.SEEN, at, clock, energy)


class TestCountedOn:
    RANGE = 1_000

    @pytest.mark.parametrize(
        ("before", "shown", "counted"),
        [
            (None, 5, 5),
            (990, 995, 995),
            (990, 10, 1_010),
            (1_010, 990, 990),
            (3_990, 5, 4_005),
            (600, 0, 0),
            (990, 200, 200),
        ],
        ids=["first", "on", "over", "late", "fourth turn", "reset", "another meter"],
    )
    def test_only_the_last_tenth_goes_over_into_the_first(
        self, before: int | None, shown: int, counted: int
    ) -> None:
        assert rules.counted_on(before, shown, self.RANGE) == counted

    def test_without_a_known_range_it_stays_as_shown(self) -> None:
        assert rules.counted_on(990, 10, 0) == 10

    @given(st.lists(st.integers(0, 99), max_size=80), st.integers(0, 999))
    def test_it_counts_what_the_meter_counted_as_long_as_each_step_is_below_a_tenth(
        self, steps: list[int], start: int
    ) -> None:
        counted = energy = start
        for step in steps:
            energy += step
            counted = rules.counted_on(counted, energy % self.RANGE, self.RANGE)
        assert counted == energy
