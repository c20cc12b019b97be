import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_simulator.devices.load import SHAPES, Load, LoadError
from prewatt_simulator.units import DAY_MS, HOUR_MS

DRAWING = sorted(set(SHAPES) - {"idle"})
moments = st.integers(min_value=0, max_value=40_000 * DAY_MS)
days = st.integers(min_value=1, max_value=10**11)


@given(st.sampled_from(sorted(SHAPES)), days, moments, moments)
def test_energy_never_falls(shape: str, mwh_per_day: int, one: int, other: int) -> None:
    load = Load(shape, mwh_per_day)
    assert load.drawn(min(one, other)) <= load.drawn(max(one, other))


@given(st.sampled_from(DRAWING), days, moments)
def test_a_day_draws_the_amount_of_the_site(shape: str, mwh_per_day: int, at: int) -> None:
    load = Load(shape, mwh_per_day)
    assert load.drawn(at + DAY_MS) - load.drawn(at) == mwh_per_day


@given(st.sampled_from(DRAWING), days, st.integers(min_value=0, max_value=10**15))
def test_the_inverse_finds_the_first_moment(shape: str, mwh_per_day: int, energy_mwh: int) -> None:
    load = Load(shape, mwh_per_day)
    at = load.reaches_ms(energy_mwh)
    assert at is not None
    assert load.drawn(at) >= energy_mwh
    assert load.drawn(at - 1) < energy_mwh


def test_idle_draws_nothing_and_reaches_nothing() -> None:
    load = Load("idle", 5)
    assert load.drawn(100 * DAY_MS) == 0
    assert load.reaches_ms(1) is None
    assert load.per_hour(HOUR_MS) == 0


@pytest.mark.parametrize("shape", DRAWING)
def test_power_is_the_slope_of_energy(shape: str) -> None:
    load = Load(shape, 24_000_000)
    for hour in range(24):
        at = 19_000 * DAY_MS + hour * HOUR_MS
        drawn_wh = (load.drawn(at + HOUR_MS) - load.drawn(at)) / 1000
        assert load.per_hour(at) == pytest.approx(drawn_wh, abs=0.01)


def test_an_unknown_shape_is_named() -> None:
    with pytest.raises(LoadError, match="'trace' is not built; known: flat, dormitory"):
        Load("trace", 1)


@given(st.sampled_from(sorted(SHAPES)), days, moments, st.integers(min_value=1, max_value=10**8))
def test_the_interval_over_a_power_is_the_running_or_the_next_one(
    shape: str, mwh_per_day: int, at: int, power_w: int
) -> None:
    load = Load(shape, mwh_per_day)
    stretch = load.interval_over(power_w, at)
    hours = [at // HOUR_MS * HOUR_MS + hour * HOUR_MS for hour in range(25)]
    over = [ms for ms in hours if load.drawn(ms + HOUR_MS) - load.drawn(ms) > power_w * 1000 + 1]
    if stretch is None:
        assert not over
        return
    first, end = stretch
    assert end > at
    assert first < end
    assert all(ms >= first for ms in over)
    assert not over or first <= over[0]
    for ms in range(first, end, HOUR_MS):
        assert load.drawn(ms + HOUR_MS) - load.drawn(ms) >= power_w * 1000
    assert (
        end - first >= 2 * DAY_MS - HOUR_MS
        or load.drawn(end + HOUR_MS) - load.drawn(end) <= power_w * 1000 + 1
    )
