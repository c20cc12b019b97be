"""Solar generation behind a meter: drawn and fed-in energy are exact sums over hours."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_simulator.devices.load import SHAPES
from prewatt_simulator.devices.solar import CYCLE_DAYS, SolarLoad, generation
from prewatt_simulator.devices.trace import load_of
from prewatt_simulator.units import DAY_MS, HOUR_MS

shapes = st.sampled_from(sorted(SHAPES))
moments = st.integers(0, 40_000 * DAY_MS)
days = st.integers(1, 10**9)
JULY = datetime(2026, 7, 1, tzinfo=UTC)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


@given(shapes, days, days, moments, moments)
def test_neither_amount_ever_falls(shape: str, used: int, solar: int, one: int, other: int) -> None:
    load = SolarLoad(shape, used, solar)
    early, late = sorted((one, other))
    assert load.drawn(early) <= load.drawn(late)
    assert load.fed(early) <= load.fed(late)


@given(shapes, days, days, st.integers(0, 20_000))
def test_an_hour_has_one_direction_and_its_power(shape: str, used: int, solar: int, hour: int) -> None:
    load = SolarLoad(shape, used, solar)
    began, ended = hour * HOUR_MS, (hour + 1) * HOUR_MS
    drawn, fed = load.drawn(ended) - load.drawn(began), load.fed(ended) - load.fed(began)
    assert min(drawn, fed) <= 1, "cut to whole millionths"
    assert load.per_hour(began) == pytest.approx((drawn - fed) / 1000, abs=0.01)


@given(shapes, days, days)
def test_the_balance_of_four_years_is_use_less_generation(shape: str, used: int, solar: int) -> None:
    load = SolarLoad(shape, used, solar)
    net = load.drawn(load.period_ms) - load.fed(load.period_ms)
    months = [datetime.fromtimestamp(day * 86400, UTC).month for day in range(CYCLE_DAYS)]
    year = sum(sum(generation(month)) for month in range(1, 13))
    expected = CYCLE_DAYS * load.per_day - sum(solar * 12 * sum(generation(month)) / year for month in months)
    assert net == pytest.approx(expected, rel=1e-9, abs=2)


@given(st.sampled_from(["flat", "shop", "dormitory"]), days, days, st.integers(1, 10**12))
def test_the_inverse_finds_the_first_moment(shape: str, used: int, solar: int, amount: int) -> None:
    load = SolarLoad(shape, used, solar)
    at = load.reaches_ms(amount)
    assert at is not None
    assert load.drawn(at) >= amount
    assert load.drawn(at - 1) < amount


@given(shapes, days, days, moments, st.integers(1, 10**7))
def test_the_interval_over_a_power_matches_the_hours(
    shape: str, used: int, solar: int, at: int, power_w: int
) -> None:
    load = SolarLoad(shape, used, solar)
    stretch = load.interval_over(power_w, at)
    hour = at // HOUR_MS
    over = [load.per_hour(each * HOUR_MS) > power_w for each in range(hour, hour + 24)]
    assert (stretch is not None) is any(over)
    if stretch is not None:
        first, end = stretch
        assert end > at
        assert all(load.per_hour(each) > power_w for each in range(max(first, at), end, HOUR_MS))


def test_a_night_feeds_nothing_and_a_summer_day_more_than_a_winter_day() -> None:
    load = load_of("solar", 10_000_000, None, "kwh")
    july, january = _ms(JULY), _ms(JULY.replace(month=1))
    assert load.fed(july + 3 * HOUR_MS) == load.fed(july)
    assert load.fed(july + DAY_MS) - load.fed(july) > load.fed(january + DAY_MS) - load.fed(january) > 0
    assert load.drawn(july + DAY_MS) == 0
    assert load.per_hour(july + 12 * HOUR_MS) < 0
