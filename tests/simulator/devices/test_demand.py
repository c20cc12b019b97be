"""Demand: the mean power of full cycles, and the month's maximum, independent of earlier reads."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_fixtures.clock import ManualClock

HOUR_S = 3600
DAY_S = 24 * HOUR_S
SHOP = {"model": '"ADW300/CLR"', "load": '{ shape = "shop", kwh_per_day = "161.00" }'}
"""A kWh for each weight of the shape: 1 kW in the first hours, 12 kW from 11 to 13 and from 17 to 19."""
MAX, MAX_AT, NOW = 0x0064, 0x0066, 0x015A
CYCLE = 0x01C4


def at(master: Any) -> tuple[int, ...]:
    """Month, day, hour, minute."""
    minute_hour, day_month = master.read_registers(MAX_AT, 2)
    return (day_month & 0xFF, day_month >> 8, minute_hour & 0xFF, minute_hour >> 8)


def test_the_current_demand_is_that_of_the_last_full_cycle(master_of: Any) -> None:
    master = master_of(SHOP)
    master.clock.advance(9 * HOUR_S)
    assert master.u32(NOW) == 8000
    master.clock.advance(14 * 60 + 59)
    assert master.u32(NOW) == 8000
    master.clock.advance(1)
    assert master.u32(NOW) == 10_000


@pytest.mark.parametrize(("code", "watt"), [(1, 8000), (2, 4000), (3, 5333), (4, 4000)])
def test_the_cycle_can_be_set(master_of: Any, code: int, watt: int) -> None:
    master = master_of(SHOP)
    assert master.read_registers(CYCLE, 1) == (1,)
    assert master.write(CYCLE, code) == bytes.fromhex("1001c40001")
    master.clock.advance(8 * HOUR_S + 16 * 60)
    assert master.u32(NOW) == watt
    assert master.read_registers(CYCLE, 1) == (code,)


@pytest.mark.parametrize("code", [0, 5, 15])
def test_an_invalid_cycle_is_refused(master_of: Any, code: int) -> None:
    master = master_of(SHOP)
    assert master.write(CYCLE, code) == b"\x90\x03"


def test_the_month_has_a_maximum_and_its_time(master_of: Any) -> None:
    master = master_of(SHOP)
    assert (master.u32(MAX), at(master)) == (12_000, (12, 1, 11, 15)), "as if it had hung there all the month"
    master.clock.advance(4 * DAY_S + HOUR_S)
    assert (master.u32(MAX), at(master)) == (1000, (1, 1, 0, 15))
    master.clock.advance(8 * HOUR_S)
    assert (master.u32(MAX), at(master)) == (8000, (1, 1, 8, 15))
    master.clock.advance(20 * DAY_S)
    assert (master.u32(MAX), at(master)) == (12_000, (1, 1, 11, 15))


def test_reverse_demand_is_0_without_feeding_in(master_of: Any) -> None:
    master = master_of(SHOP)
    assert master.u32(0x0068) == master.u32(0x0070) == master.u32(0x015C) == master.u32(0x0160) == 0
    assert master.read_registers(0x006A, 2) == master.read_registers(0x0072, 2) == (0, 0)


def test_a_meter_without_load_has_no_maximum(master_of: Any) -> None:
    master = master_of({"model": '"ADW300/CLR"', "load": '{ shape = "idle" }'})
    master.clock.advance(DAY_S)
    assert master.read_registers(MAX, 4) == (0,) * 4


def test_reactive_and_apparent_demand_follow_the_active(master_of: Any) -> None:
    master = master_of(SHOP)
    master.clock.advance(12 * HOUR_S)
    assert master.u32(NOW) == 12_000
    assert master.u32(0x015E) == master.u32(0x006C) == 12_000 * 341 // 1000
    assert master.read_registers(0x006E, 2) == master.read_registers(MAX_AT, 2)
    assert master.u32(0x01F2) == 12_000 * 1000 // 945


def test_registers_of_the_secondary_side_show_demand_divided(master_of: Any) -> None:
    master = master_of({**SHOP, "model": '"DTSD1352-C"', "ct": "20"})
    assert master.read_registers(0x007B, 1) == (600,)
    assert master.read_registers(0x007E, 1) == (0,)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 40 * HOUR_S)),
        st.tuples(st.just("cycle"), st.integers(1, 4)),
        st.tuples(st.just("clock"), st.integers(-50 * HOUR_S, 50 * HOUR_S)),
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(steps)
def test_the_maximum_does_not_depend_on_earlier_reads(master_of: Any, steps: list[tuple[str, int]]) -> None:
    watched, alone = master_of(SHOP), master_of(SHOP)
    for kind, value in steps:
        for master in (watched, alone):
            if kind == "wait":
                master.clock.advance(value)
            elif kind == "cycle":
                master.write(CYCLE, value)
            else:
                shift(master, value)
        watched.read_registers(MAX, 4)
        watched.read_registers(NOW, 4)
    assert watched.read_registers(MAX, 4) == alone.read_registers(MAX, 4)
    assert watched.farm.state() == alone.farm.state()


def shift(master: Any, by_s: int) -> None:
    second, minute, hour, day, month, year = b"".join(
        w.to_bytes(2, "big") for w in master.read_registers(0x0011, 3)
    )
    now = datetime(2000 + year, month, day, hour, minute, second)
    moved = now + timedelta(seconds=by_s)
    data = bytes((moved.second, moved.minute, moved.hour, moved.day, moved.month, moved.year - 2000))
    master.write(0x0011, *(int.from_bytes(data[i : i + 2], "big") for i in (0, 2, 4)))


def test_one_read_finds_the_maximum_of_many_reads(master_of: Any) -> None:
    every_cycle, at_the_end = master_of(SHOP), master_of(SHOP)
    for _ in range(3 * 96):
        every_cycle.clock.advance(900)
        every_cycle.u32(MAX)
    at_the_end.clock.advance(3 * DAY_S)
    assert every_cycle.read_registers(MAX, 4) == at_the_end.read_registers(MAX, 4)


def test_the_maximum_survives_a_restart(master_of: Any) -> None:
    lived = master_of(SHOP)
    lived.clock.advance(4 * DAY_S + 13 * HOUR_S)
    smaller = {**SHOP, "load": '{ shape = "shop", kwh_per_day = "16.10" }'}
    again = master_of(smaller, clock=ManualClock(lived.clock.now()))
    again.farm.restore(json.loads(json.dumps(lived.farm.state())))
    again.clock.advance(2 * DAY_S)
    assert (again.u32(MAX), at(again)) == (12_000, (1, 1, 11, 15))
