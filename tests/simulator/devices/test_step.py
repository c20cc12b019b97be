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


def steps(desk: Any, limits: tuple[int, ...], prices_e4: tuple[int, ...], period: int = MONTH) -> None:
    """Write the whole table in one frame; the farm starts on 28 December 2021, so four days are left of the month."""
    longs = [half for value in (*limits, *prices_e4) for half in (value >> 16, value & 0xFFFF)]
    reply = desk.write(ENABLE, 1, *longs, period)
    assert reply[:1] == OK, reply


def test_it_is_off_and_empty_by_default(desk_of: Any, opened: Any) -> None:
    desk = desk_of(opened)
    assert desk.words(ENABLE, 18) == (0,) * 15 + (MONTH, 0, 0)
    desk.clock.advance(HOUR_S)
    assert desk.i32(0x021F) == 4025
    assert desk.u32(USED) == 0


def test_each_step_costs_its_own_price_to_the_mwh(desk_of: Any, opened: Any) -> None:
    """Three kWh at 0.50, two at 0.80, two at 1.10, the rest at 1.40."""
    desk = desk_of(opened)
    steps(desk, (300, 500, 700), (5000, 8000, 11000, 14000))
    desk.clock.advance(10 * HOUR_S)
    assert desk.meter().remaining_fine == (4125 - 150 - 160 - 220 - 420) * FINE_PER_FEN
    assert desk.u32(USED) == 1000
    assert desk.meter().step_energy_centikwh == 1000


def test_a_limit_of_0_has_no_end(desk_of: Any, opened: Any) -> None:
    desk = desk_of(opened)
    steps(desk, (300, 0, 700), (5000, 8000, 11000, 14000))
    desk.clock.advance(10 * HOUR_S)
    assert desk.meter().remaining_fen == 4125 - 150 - 560


def test_credit_ends_at_the_exact_moment_after_a_step(desk_of: Any, opened: Any) -> None:
    """41.25 yuan are 30 kWh at 0.50 and 17.5 at 1.50: 47.5 hours."""
    desk = desk_of(opened)
    steps(desk, (3000, 0, 0), (5000, 15000, 0, 0))
    desk.clock.advance(47.5 * HOUR_S - 0.001)
    assert desk.meter().relay_closed
    desk.clock.advance(0.001)
    assert not desk.meter().relay_closed
    assert desk.meter().remaining_fine == 0


def test_a_first_step_without_price_costs_nothing(desk_of: Any, opened: Any) -> None:
    desk = desk_of(opened)
    steps(desk, (1000, 0, 0), (0, 10000, 0, 0))
    desk.clock.advance(51.25 * HOUR_S - 0.001)
    assert desk.meter().relay_closed
    desk.clock.advance(0.001)
    assert not desk.meter().relay_closed


def test_the_moment_of_alarm_2_is_exact_after_a_step(desk_of: Any, opened: Any) -> None:
    """36.25 yuan down to alarm 2: 30 kWh at 0.50, then 17 at 1.25."""
    desk = desk_of({**opened, "alarm_2_trips": "true"})
    steps(desk, (3000, 0, 0), (5000, 12500, 0, 0))
    desk.clock.advance(47 * HOUR_S - 0.001)
    assert desk.meter().relay_closed
    desk.clock.advance(0.001)
    assert desk.meter().reminding


class TestPeriod:
    def test_a_month_begins_by_the_meters_clock_at_step_1(self, desk_of: Any, opened: Any) -> None:
        desk = desk_of({**opened, "start": '{ remaining = "900000.00" }'})
        steps(desk, (1000, 0, 0), (1000, 20000, 0, 0))
        desk.clock.advance(4 * DAY_S)
        assert desk.u32(USED) == 0, "midnight of the first of January"
        spent_fen = 90_000_000 - desk.meter().remaining_fen
        assert spent_fen == 100 + 86 * 200
        desk.clock.advance(31 * DAY_S)
        assert 90_000_000 - desk.meter().remaining_fen == spent_fen + 100 + 734 * 200
        assert desk.u32(USED) == 0

    def test_a_year_continues_through_its_months(self, desk_of: Any, opened: Any) -> None:
        desk = desk_of({**opened, "start": '{ remaining = "900000.00" }'})
        desk.clock.advance(4 * DAY_S)
        steps(desk, (1000, 0, 0), (1000, 20000, 0, 0), YEAR)
        desk.clock.advance(59 * DAY_S)
        assert desk.u32(USED) == 59 * 2400
        desk.clock.advance(306 * DAY_S)
        assert desk.u32(USED) == 0

    def test_a_clock_that_is_set_into_another_month_begins_it(self, desk_of: Any, opened: Any) -> None:
        desk = desk_of(opened)
        steps(desk, (1000, 0, 0), (1000, 2000, 0, 0))
        desk.clock.advance(5 * HOUR_S)
        desk.command(SetClock(datetime(2022, 3, 1, 12)))
        assert desk.u32(USED) == 0
        desk.clock.advance(HOUR_S)
        assert desk.u32(USED) == 100

    def test_a_month_that_begins_with_an_open_relay_starts_at_0(self, desk_of: Any, opened: Any) -> None:
        desk = desk_of(opened)
        steps(desk, (1000, 0, 0), (1000, 2000, 0, 0))
        desk.clock.advance(5 * HOUR_S)
        desk.write(0x0057, 1, 1)
        desk.clock.advance(10 * DAY_S)
        assert desk.u32(USED) == 0

    def test_switching_it_on_again_starts_at_step_1(self, desk_of: Any, opened: Any) -> None:
        desk = desk_of(opened)
        steps(desk, (1000, 0, 0), (1000, 2000, 0, 0))
        desk.clock.advance(5 * HOUR_S)
        desk.write(ENABLE, 1)
        assert desk.u32(USED) == 500, "it was on"
        desk.write(ENABLE, 0)
        desk.clock.advance(HOUR_S)
        assert desk.u32(USED) == 500, "off, it counts nothing"
        desk.write(ENABLE, 1)
        assert desk.u32(USED) == 0


def test_limits_and_use_are_on_the_side_of_the_energy_registers(desk_of: Any, opened: Any) -> None:
    """Behind CT 10 a limit of 0.30 is 3 kWh primary; credit is deducted by primary energy."""
    desk = desk_of({**opened, "model": '"DTSY1352-NK/F"', "ct": "10"})
    steps(desk, (30, 0, 0), (5000, 10000, 0, 0))
    desk.clock.advance(10 * HOUR_S)
    assert desk.u32(USED) == 100
    assert desk.meter().step_energy_centikwh == 1000
    assert desk.meter().remaining_fen == 4125 - 150 - 700


@pytest.mark.parametrize(("address", "word"), [(ENABLE, 2), (PERIOD, 0), (PERIOD, 3)])
def test_other_values_are_refused(desk_of: Any, opened: Any, address: int, word: int) -> None:
    assert desk_of(opened).write(address, word) == b"\x90\x03"


def test_the_used_energy_is_read_only(desk_of: Any, opened: Any) -> None:
    assert desk_of(opened).write(USED, 0, 0) == b"\x90\x02"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40 * HOUR_S), min_size=1, max_size=12))
def test_it_does_not_depend_on_reads(desk_of: Any, opened: Any, waits_s: list[int]) -> None:
    keys = {**opened, "load": '{ shape = "bakery", kwh_per_day = "33.33" }'}
    looked, alone = desk_of(keys), desk_of(keys)
    for desk in (looked, alone):
        steps(desk, (1000, 2000, 3000), (3000, 6000, 9000, 12000))
    for wait_s in waits_s:
        looked.clock.advance(wait_s)
        looked.words(0x0200, 48)
        alone.clock.advance(wait_s)
    assert looked.farm.state() == alone.farm.state()


def test_tariff_and_used_energy_survive_a_restart(desk_of: Any, opened: Any) -> None:
    desk = desk_of(opened)
    steps(desk, (1000, 2000, 3000), (3000, 6000, 9000, 12000), YEAR)
    desk.clock.advance(5 * HOUR_S)
    again = desk_of(opened, clock=desk.clock)
    again.farm.restore(desk.farm.state())
    assert again.words(ENABLE, 18) == desk.words(ENABLE, 18)
    assert again.farm.state() == desk.farm.state()
