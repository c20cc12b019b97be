"""A meter's own clock: its time, and when it will show a time."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from prewatt_simulator.devices.energy.clock import MeterClock

ZONE_MS = 8 * 3_600_000
NOW_MS = 1_640_620_800_000


@given(
    st.integers(-500_000, 500_000),
    st.integers(0, 10**10),
    st.integers(-(10**9), 10**9),
    st.timedeltas(timedelta(milliseconds=1), timedelta(days=2)),
)
def test_reaches_ms_is_the_first_such_moment(
    ppm: int, later_ms: int, adjusted_ms: int, ahead: timedelta
) -> None:
    clock = MeterClock(ZONE_MS)
    clock.adjusted_ms = adjusted_ms
    clock.drift(ppm, NOW_MS)
    now_ms = NOW_MS + later_ms
    says = clock.local(now_ms) + timedelta(milliseconds=ahead // timedelta(milliseconds=1))
    at_ms = clock.reaches_ms(says)
    assert at_ms > now_ms
    assert clock.local(at_ms) >= says
    assert clock.local(at_ms - 1) < says


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)), st.integers(-500_000, 500_000))
def test_a_set_clock_shows_its_time_and_drifts_from_there(at: datetime, ppm: int) -> None:
    at = at.replace(microsecond=0)
    clock = MeterClock(ZONE_MS)
    clock.drift(ppm, NOW_MS - 10**9)
    clock.set(at, NOW_MS)
    assert clock.local(NOW_MS) == at
    gained_ms = (clock.local(NOW_MS + 10**6) - at) // timedelta(milliseconds=1) - 10**6
    assert gained_ms == ppm
