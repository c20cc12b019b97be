"""A trace repeats recorded readings exactly; an invalid file is refused by line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_fixtures.clock import ManualClock
from prewatt_fixtures.errors import SiteError
from prewatt_fixtures.site import load_site
from prewatt_simulator.devices.trace import Trace, read_trace
from prewatt_simulator.farm import Farm
from prewatt_simulator.units import DAY_MS, HOUR_MS

moments = st.integers(min_value=-DAY_MS, max_value=3000 * DAY_MS)
steps = st.lists(st.tuples(st.integers(1, 3 * HOUR_MS), st.integers(0, 10**8)), min_size=1, max_size=30)


def trace_of(steps: list[tuple[int, int]]) -> Trace:
    readings = [(19_000 * DAY_MS, 5)]
    for lasts_ms, amount in steps:
        at_ms, reading = readings[-1]
        readings.append((at_ms + lasts_ms, reading + amount))
    return Trace(readings)


traces = steps.map(trace_of)


@given(steps)
def test_every_reading_is_reproduced_exactly(steps: list[tuple[int, int]]) -> None:
    trace, at_ms, drawn = trace_of(steps), 19_000 * DAY_MS, 0
    for lasts_ms, amount in steps:
        at_ms, drawn = at_ms + lasts_ms, drawn + amount
        assert trace.drawn(at_ms) == drawn


@given(traces, moments, moments)
def test_the_amount_never_falls(trace: Trace, one: int, other: int) -> None:
    assert trace.drawn(min(one, other)) <= trace.drawn(max(one, other))


@given(traces, moments)
def test_it_repeats(trace: Trace, at: int) -> None:
    total = trace.drawn(19_000 * DAY_MS + trace.period_ms)
    assert trace.drawn(at + trace.period_ms) - trace.drawn(at) == total


@given(traces, st.integers(min_value=-(10**15), max_value=10**15))
def test_the_inverse_finds_the_first_moment(trace: Trace, amount: int) -> None:
    at = trace.reaches_ms(amount)
    if at is None:
        assert trace.drawn(0) == trace.drawn(DAY_MS)
        return
    assert trace.drawn(at) >= amount
    assert trace.drawn(at - 1) < amount


@given(traces, moments, st.integers(min_value=0, max_value=10**8))
def test_the_interval_over_a_power_is_the_running_or_the_next_one(
    trace: Trace, at: int, power_w: int
) -> None:
    stretch = trace.interval_over(power_w, at)
    if stretch is None:
        seen = range(at, at + DAY_MS, HOUR_MS)
        assert all(trace.per_hour(ms) <= power_w for ms in seen)
        return
    first, end = stretch
    assert end > at
    assert first < end
    assert trace.per_hour(max(first, at)) > power_w
    assert trace.per_hour(end - 1) > power_w
    assert trace.per_hour(first - 1) <= power_w or first <= at - DAY_MS
    assert trace.per_hour(end) <= power_w or end >= at + DAY_MS
    if first > at:
        assert trace.per_hour(at) <= power_w


WEEK = """\
time,kwh
2021-12-20 00:00,1000.000000
2021-12-20 12:00,1006
2021-12-20 12:30,1010
2021-12-27 00:00:00,1010.5
"""
SITE = """
[project]
code = "001"
name = "bench"
[[gateways]]
number = "001001"
ports = [{ port = 1 }]
[[meters]]
number = "0010010101"
model = "DDSY1352-NK/F"
place = "a shop"
load = { shape = "trace", file = "readings/week.csv" }
"""
UNOPENED = "start = {}\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "readings").mkdir()
    (tmp_path / "readings" / "week.csv").write_text(WEEK)
    path = tmp_path / "site.toml"
    path.write_text(SITE + UNOPENED)
    return path


@pytest.fixture
def monday_midnight() -> ManualClock:
    """In Shanghai, a week after the trace begins."""
    return ManualClock(datetime(2021, 12, 26, 16, tzinfo=UTC))


def farm_of(site: Path, clock: Any) -> Farm:
    return Farm(load_site(str(site)), clock=clock, source=str(site))


def test_a_meter_uses_a_file_beside_its_site(site: Path, monday_midnight: ManualClock) -> None:
    farm = farm_of(site, monday_midnight)
    meter = farm.meter("0010010101")
    counted = []
    for hours in (12, 0.25, 0.25, 7 * 24 - 12.5, 12):
        monday_midnight.advance(hours * 3600)
        counted.append(meter.energy_centikwh)
    assert counted == [600, 800, 1000, 1050, 1650]


def test_water_meters_take_traces_of_volumes(site: Path, monday_midnight: ManualClock) -> None:
    site.write_text(SITE.replace("DDSY1352-NK/F", "水表") + UNOPENED)
    csv = site.parent / "readings" / "week.csv"
    csv.write_text(WEEK.replace("kwh", "m3"))
    farm = farm_of(site, monday_midnight)
    monday_midnight.advance(12.25 * 3600)
    assert farm.water_meter("0010010101").volume_litres == 8000
    csv.write_text(WEEK)
    with pytest.raises(SiteError, match="line 1: the columns time,m3 are expected, not 'time,kwh'"):
        farm_of(site, monday_midnight)


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("", "line 1", "time,kwh are expected, not nothing"),
        ("when,kwh\n", "line 1", "not 'when,kwh'"),
        ("time,kwh\n", "line 2", "at least two readings"),
        ("time,kwh\n2021-12-20 00:00,1\n", "line 3", "at least two readings"),
        ("time,kwh\n2021-12-20 00:00\n", "line 2", "not 1 columns"),
        ("time,kwh\n2021-12-20 00:00,1,2\n", "line 2", "not 3 columns"),
        ("time,kwh\n\n", "line 2", "not 0 columns"),
        ("time,kwh\n20.12.2021,1\n", "line 2", "such as \"2026-01-05 00:15\" is expected, not '20.12.2021'"),
        ("time,kwh\n2021-12-20 00:00+08:00,1\n", "line 2", "without the offset"),
        ("time,kwh\n2021-12-20 00:00,one\n", "line 2", "not 'one'"),
        ("time,kwh\n2021-12-20 00:00,NaN\n", "line 2", "not 'NaN'"),
        ("time,kwh\n2021-12-20 00:00,-1\n", "line 2", "not '-1'"),
        ("time,kwh\n2021-12-20 00:00,0.0000001\n", "line 2", "at most 6 decimals"),
        ("time,kwh\n2021-12-20 00:00,1\n2021-12-20 00:00,2\n", "line 3", "times rise"),
    ],
)
def test_an_invalid_file_is_refused_by_line(tmp_path: Path, text: str, key: str, expected: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(SiteError) as refused:
        read_trace(str(path), "kwh")
    assert (refused.value.file, refused.value.key) == (str(path), key)
    assert expected in refused.value.expected


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "none.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SiteError, match=r"none\.csv: file: a CSV file"):
        read_trace(str(path), "kwh")


def test_a_changed_file_is_read_again(site: Path, monday_midnight: ManualClock) -> None:
    csv = site.parent / "readings" / "week.csv"
    assert read_trace(str(csv), "kwh") is read_trace(str(csv), "kwh")
    first = read_trace(str(csv), "kwh")
    csv.write_text(WEEK.replace("1010.5", "1020"))
    assert read_trace(str(csv), "kwh").drawn(0) != first.drawn(0)


def test_a_prepaid_meter_on_a_trace_cuts_off_at_the_exact_moment(
    site: Path, monday_midnight: ManualClock
) -> None:
    site.write_text(SITE + 'start = { remaining = "7.00" }\nprices = { valley = "1", flat = "1" }\n')
    farm = farm_of(site, monday_midnight)
    meter = farm.meter("0010010101")
    monday_midnight.advance(12 * 3600 + 7.5 * 60 - 1)
    assert meter.relay_closed
    monday_midnight.advance(2)
    assert not meter.relay_closed
    assert meter.energy_centikwh == 700


def test_a_volume_that_falls_is_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,m3\n2021-12-20 00:00,2\n2021-12-20 01:00,1\n", "utf-8")
    with pytest.raises(SiteError, match=r"line 3.*readings never fall"):
        read_trace(str(path), "m3")


def test_energy_that_falls_is_fed_in(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,kwh\n2021-12-20 00:00,5\n2021-12-20 01:00,7\n2021-12-20 02:00,6.5\n", "utf-8")
    trace = read_trace(str(path), "kwh")
    began_ms = (datetime(2021, 12, 20) - datetime(1970, 1, 1)) // timedelta(milliseconds=1)
    two_hours = began_ms + 2 * HOUR_MS
    assert trace.feeds_in
    assert trace.drawn(two_hours) - trace.drawn(began_ms) == 2_000_000
    assert trace.fed(two_hours) - trace.fed(began_ms) == 500_000
    assert trace.per_hour(began_ms) == 2000
    assert trace.per_hour(began_ms + HOUR_MS) == -500
