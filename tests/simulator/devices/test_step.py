"""Step tariff: by the energy of the month or year, exact at the step's end, off by default."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_fixtures.wire.vendor import SetClock
from prewatt_simulator.units import FINE_PER_FEN

HOUR_S, DAY_S = 3600, 86_400
ENABLE, LIMITS, PRICES, PERIOD, USED = 0x04A0, 0x04A1, 0x04A7, 0x04AF, 0x04B0
OK = b"\x10"
MONTH, YEAR = 1, 2


def steps(master: Any, limits: tuple[int, ...], prices_e4: tuple[int, ...], period: int = MONTH) -> None:
    """Write the whole table in one frame; the farm starts on 28 December 2021, so four days are left of the month."""
    longs = [half for value in (*limits, *prices_e4) for half in (value >> 16, value & 0xFFFF)]
    reply = master.write(ENABLE, 1, *longs, period)
    assert reply[:1] == OK, reply


def test_it_is_off_and_empty_by_default(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    assert master.read_registers(ENABLE, 18) == (0,) * 15 + (MONTH, 0, 0)
    master.clock.advance(HOUR_S)
    assert master.i32(0x021F) == 4025
    assert master.u32(USED) == 0


def test_each_step_costs_its_own_price_to_the_mwh(master_of: Any, opened: Any) -> None:
    """Three kWh at 0.50, two at 0.80, two at 1.10, the rest at 1.40."""
    master = master_of(opened)
    steps(master, (300, 500, 700), (5000, 8000, 11000, 14000))
    master.clock.advance(10 * HOUR_S)
    assert master.meter().remaining_fine == (4125 - 150 - 160 - 220 - 420) * FINE_PER_FEN
    assert master.u32(USED) == 1000
    assert master.meter().step_energy_centikwh == 1000


def test_a_limit_of_0_has_no_end(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    steps(master, (300, 0, 700), (5000, 8000, 11000, 14000))
    master.clock.advance(10 * HOUR_S)
    assert master.meter().remaining_fen == 4125 - 150 - 560


def test_credit_ends_at_the_exact_moment_after_a_step(master_of: Any, opened: Any) -> None:
    """41.25 yuan are 30 kWh at 0.50 and 17.5 at 1.50: 47.5 hours."""
    master = master_of(opened)
    steps(master, (3000, 0, 0), (5000, 15000, 0, 0))
    master.clock.advance(47.5 * HOUR_S - 0.001)
    assert master.meter().relay_closed
    master.clock.advance(0.001)
    assert not master.meter().relay_closed
    assert master.meter().remaining_fine == 0


def test_a_first_step_without_price_costs_nothing(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    steps(master, (1000, 0, 0), (0, 10000, 0, 0))
    master.clock.advance(51.25 * HOUR_S - 0.001)
    assert master.meter().relay_closed
    master.clock.advance(0.001)
    assert not master.meter().relay_closed


def test_the_moment_of_alarm_2_is_exact_after_a_step(master_of: Any, opened: Any) -> None:
    """36.25 yuan down to alarm 2: 30 kWh at 0.50, then 17 at 1.25."""
    master = master_of({**opened, "alarm_2_trips": "true"})
    steps(master, (3000, 0, 0), (5000, 12500, 0, 0))
    master.clock.advance(47 * HOUR_S - 0.001)
    assert master.meter().relay_closed
    master.clock.advance(0.001)
    assert master.meter().reminding


class TestPeriod:
    def test_a_month_begins_by_the_meters_clock_at_step_1(self, master_of: Any, opened: Any) -> None:
        master = master_of({**opened, "start": '{ remaining = "900000.00" }'})
        steps(master, (1000, 0, 0), (1000, 20000, 0, 0))
        master.clock.advance(4 * DAY_S)
        assert master.u32(USED) == 0, "midnight of the first of January"
        spent_fen = 90_000_000 - master.meter().remaining_fen
        assert spent_fen == 100 + 86 * 200
        master.clock.advance(31 * DAY_S)
        assert 90_000_000 - master.meter().remaining_fen == spent_fen + 100 + 734 * 200
        assert master.u32(USED) == 0

    def test_a_year_continues_through_its_months(self, master_of: Any, opened: Any) -> None:
        master = master_of({**opened, "start": '{ remaining = "900000.00" }'})
        master.clock.advance(4 * DAY_S)
        steps(master, (1000, 0, 0), (1000, 20000, 0, 0), YEAR)
        master.clock.advance(59 * DAY_S)
        assert master.u32(USED) == 59 * 2400
        master.clock.advance(306 * DAY_S)
        assert master.u32(USED) == 0

    def test_a_clock_that_is_set_into_another_month_begins_it(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened)
        steps(master, (1000, 0, 0), (1000, 2000, 0, 0))
        master.clock.advance(5 * HOUR_S)
        master.command(SetClock(datetime(2022, 3, 1, 12)))
        assert master.u32(USED) == 0
        master.clock.advance(HOUR_S)
        assert master.u32(USED) == 100

    def test_a_month_that_begins_with_an_open_relay_starts_at_0(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened)
        steps(master, (1000, 0, 0), (1000, 2000, 0, 0))
        master.clock.advance(5 * HOUR_S)
        master.write(0x0057, 1, 1)
        master.clock.advance(10 * DAY_S)
        assert master.u32(USED) == 0

    def test_switching_it_on_again_starts_at_step_1(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened)
        steps(master, (1000, 0, 0), (1000, 2000, 0, 0))
        master.clock.advance(5 * HOUR_S)
        master.write(ENABLE, 1)
        assert master.u32(USED) == 500, "it was on"
        master.write(ENABLE, 0)
        master.clock.advance(HOUR_S)
        assert master.u32(USED) == 500, "off, it counts nothing"
        master.write(ENABLE, 1)
        assert master.u32(USED) == 0


def test_limits_and_use_are_on_the_side_of_the_energy_registers(master_of: Any, opened: Any) -> None:
    """Behind CT 10 a limit of 0.30 is 3 kWh primary; credit is deducted by primary energy."""
    master = master_of({**opened, "model": '"DTSY1352-NK/F"', "ct": "10"})
    steps(master, (30, 0, 0), (5000, 10000, 0, 0))
    master.clock.advance(10 * HOUR_S)
    assert master.u32(USED) == 100
    assert master.meter().step_energy_centikwh == 1000
    assert master.meter().remaining_fen == 4125 - 150 - 700


@pytest.mark.parametrize(("address", "word"), [(ENABLE, 2), (PERIOD, 0), (PERIOD, 3)])
def test_other_values_are_refused(master_of: Any, opened: Any, address: int, word: int) -> None:
    assert master_of(opened).write(address, word) == b"\x90\x03"


def test_the_used_energy_is_read_only(master_of: Any, opened: Any) -> None:
    assert master_of(opened).write(USED, 0, 0) == b"\x90\x02"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40 * HOUR_S), min_size=1, max_size=12))
def test_it_does_not_depend_on_reads(master_of: Any, opened: Any, waits_s: list[int]) -> None:
    keys = {**opened, "load": '{ shape = "bakery", kwh_per_day = "33.33" }'}
    looked, alone = master_of(keys), master_of(keys)
    for master in (looked, alone):
        steps(master, (1000, 2000, 3000), (3000, 6000, 9000, 12000))
    for wait_s in waits_s:
        looked.clock.advance(wait_s)
        looked.read_registers(0x0200, 48)
        alone.clock.advance(wait_s)
    assert looked.farm.state() == alone.farm.state()


def test_tariff_and_used_energy_survive_a_restart(master_of: Any, opened: Any) -> None:
    master = master_of(opened)
    steps(master, (1000, 2000, 3000), (3000, 6000, 9000, 12000), YEAR)
    master.clock.advance(5 * HOUR_S)
    again = master_of(opened, clock=master.clock)
    again.farm.restore(master.farm.state())
    assert again.read_registers(ENABLE, 18) == master.read_registers(ENABLE, 18)
    assert again.farm.state() == master.farm.state()
