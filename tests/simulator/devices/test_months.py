"""Freezing at the end of a month: by the meter's own clock, independent of reads."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from prewatt_fixtures.clock import ManualClock
from prewatt_fixtures.profile import profile

HOUR_S = 3600
DAY_S = 24 * HOUR_S
ADW300 = {
    "model": '"ADW300/CLR"',
    "start": '{ energy = "1000.00" }',
    "load": '{ shape = "shop", kwh_per_day = "24.00" }',
}
"""A kWh an hour in the mean; the bench starts at midnight before 2021-12-28, four days before a month ends."""
LAST, BEFORE = 0x4800, 0x4900
TOTAL, PHASE_A, BY_RATE = 0x03, 0x0D, 0x2B


def frozen_at(master: Any, month: int = LAST) -> tuple[int, ...]:
    data = b"".join(word.to_bytes(2, "big") for word in master.read_registers(month, 3))
    second, minute, hour, day, month_, year = data
    return (year, month_, day, hour, minute, second)


def set_clock(master: Any, at: datetime) -> None:
    data = bytes((at.second, at.minute, at.hour, at.day, at.month, at.year - 2000))
    words = [int.from_bytes(data[i : i + 2], "big") for i in (0, 2, 4)]
    assert master.write(0x0011, *words) == bytes.fromhex("1000110003")


def test_before_a_month_has_ended_nothing_is_frozen(master_of: Any) -> None:
    master = master_of(ADW300)
    master.clock.advance(4 * DAY_S)
    assert master.read_registers(LAST, 83) == (0,) * 83


def test_the_month_ends_at_midnight_before_the_first(master_of: Any) -> None:
    master = master_of(ADW300)
    master.clock.advance(4 * DAY_S + 3 * HOUR_S)
    assert frozen_at(master) == (22, 1, 1, 0, 0, 0)
    assert master.u32(LAST + TOTAL) == 109600
    assert master.u32(0x003C) > 109600
    assert master.read_registers(BEFORE, 83) == (0,) * 83


def test_frozen_values_are_consistent(master_of: Any) -> None:
    master = master_of(ADW300)
    master.clock.advance(5 * DAY_S)
    total = master.u32(LAST + TOTAL)
    assert [master.u32(LAST + at) for at in (0x05, 0x07)] == [total, 0]
    rates = [master.u32(LAST + at) for at in range(BY_RATE, BY_RATE + 8, 2)]
    assert 0 <= total - sum(rates) <= 3
    assert [master.u32(LAST + at) for at in range(BY_RATE + 8, BY_RATE + 16, 2)] == rates
    phases = [master.u32(LAST + at) for at in range(PHASE_A, PHASE_A + 30, 10)]
    assert phases == [total // 3] * 3
    reactive = [master.u32(LAST + at) for at in range(BY_RATE + 24, BY_RATE + 32, 2)]
    assert 0 <= master.u32(LAST + 0x09) - sum(reactive) <= 3
    assert master.u32(LAST + 0x09) == total * 341 // 1000
    assert master.u32(LAST + 0x0B) == 0


def test_frozen_values_do_not_depend_on_reads(master_of: Any) -> None:
    watched, alone = master_of(ADW300), master_of(ADW300)
    for _ in range(400):
        watched.clock.advance(DAY_S + 1)
        watched.read_registers(0, 40)
    alone.clock.advance(400 * (DAY_S + 1))
    for month in range(LAST, 0x5400, 0x0100):
        assert watched.read_registers(month, 83) == alone.read_registers(month, 83), hex(month)
    assert watched.farm.state() == alone.farm.state()


def test_twelve_months_are_kept_the_latest_first(master_of: Any) -> None:
    master = master_of(ADW300)
    master.clock.advance(4 * DAY_S + 14 * 31 * DAY_S)
    months = range(LAST, 0x5400, 0x0100)
    times = [frozen_at(master, month) for month in months]
    assert times[0] == (23, 3, 1, 0, 0, 0)
    assert times[-1] == (22, 4, 1, 0, 0, 0)
    assert all(later > earlier for later, earlier in pairwise(times))
    totals = [master.u32(month + TOTAL) for month in months]
    days = [31, 28, 31, 31, 30, 31, 30, 31, 31, 30, 31, 30][: len(totals) - 1]
    assert [later - earlier for later, earlier in pairwise(totals)] == [
        2400 * (datetime(2000 + a[0], a[1], 1, tzinfo=UTC) - datetime(2000 + b[0], b[1], 1, tzinfo=UTC)).days
        for a, b in pairwise(times)
    ]
    assert len(days) == 11
    assert master.ask(bytes.fromhex("0354000001")) == b"\x83\x02", "there is no thirteenth"


def test_the_month_end_can_be_set_and_read(master_of: Any) -> None:
    master = master_of(ADW300)
    assert master.read_registers(0x01C0, 1) == (0x0001,)
    assert master.write(0x01C0, 0x0A1D) == b"\x90\x03", "no day 29"
    assert master.write(0x01C0, 0x1801) == b"\x90\x03", "no hour 24"
    assert master.write(0x01C0, 0x0A1C) == bytes.fromhex("1001c00001")
    master.clock.advance(12 * HOUR_S)
    assert frozen_at(master) == (21, 12, 28, 10, 0, 0)
    assert master.read_registers(0x01C0, 1) == (0x0A1C,)


def test_the_month_ends_by_the_meters_own_clock(master_of: Any) -> None:
    master = master_of(ADW300)
    set_clock(master, datetime(2024, 2, 29, 23, 59, 30))
    master.clock.advance(29)
    assert master.read_registers(LAST, 3) == (0, 0, 0)
    master.clock.advance(2)
    assert frozen_at(master) == (24, 3, 1, 0, 0, 0)


def test_a_clock_that_is_set_over_the_end_freezes_nothing_and_one_that_is_set_back_freezes_again(
    master_of: Any,
) -> None:
    master = master_of(ADW300)
    set_clock(master, datetime(2022, 1, 1, 0, 0, 30))
    master.clock.advance(HOUR_S)
    assert master.read_registers(LAST, 3) == (0, 0, 0)
    set_clock(master, datetime(2021, 12, 31, 23, 0))
    master.clock.advance(2 * HOUR_S)
    set_clock(master, datetime(2021, 12, 31, 23, 0))
    master.clock.advance(2 * HOUR_S)
    assert frozen_at(master, LAST) == frozen_at(master, BEFORE) == (22, 1, 1, 0, 0, 0)
    assert master.u32(LAST + TOTAL) > master.u32(BEFORE + TOTAL)


@pytest.mark.parametrize("ppm", [-50_000, -86, 86, 1234, 70_000])
def test_a_drifting_clock_ends_each_month_once(master_of: Any, ppm: int) -> None:
    rule = f'[[faults]]\nkind = "drift-clock"\nmeter = "0010010101"\ndrift_ppm = {ppm}\n'
    master = master_of(ADW300, site=rule)
    master.read_registers(0, 1)
    master.clock.advance(100 * DAY_S)
    times = [frozen_at(master, month) for month in (LAST, BEFORE, 0x4A00, 0x4B00)]
    assert times == [(22, 4, 1, 0, 0, 0), (22, 3, 1, 0, 0, 0), (22, 2, 1, 0, 0, 0), (22, 1, 1, 0, 0, 0)]


def test_frozen_months_survive_a_restart(master_of: Any) -> None:
    lived = master_of(ADW300)
    lived.write(0x01C0, 0x0A1C)
    lived.clock.advance(80 * DAY_S)
    again = master_of(ADW300, clock=ManualClock(lived.clock.now()))
    again.farm.restore(json.loads(json.dumps(lived.farm.state())))
    for month in range(LAST, 0x5400, 0x0100):
        assert again.read_registers(month, 83) == lived.read_registers(month, 83)
    assert again.farm.state() == lived.farm.state()


def test_the_profile_has_rows_for_the_frozen_months() -> None:
    described = profile("ADW300")
    assert described.freezes is not None
    assert len(described.rows) == len(described.registers) + 12 * len(described.freezes.registers)
    assert {row.month for row in described.rows} == set(range(13))
    assert {block.start for block in described.readable} >= set(range(LAST, 0x5400, 0x0100))
