"""When a meter is lost, and which slot a moment lies in."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_platform.metering import rules

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
def test_later_moments_lie_in_no_earlier_slot(one: datetime, other: datetime, interval_s: int) -> None:
    assert rules.slot(min(one, other), interval_s) <= rules.slot(max(one, other), interval_s)
