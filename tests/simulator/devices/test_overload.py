"""Overload: power above the threshold for ten seconds opens the relay; it recloses a limited number of times."""

from typing import Any

import pytest

from prewatt_fixtures.status import StatusWord1, StatusWord2
from prewatt_fixtures.wire.vendor import VendorResult
from prewatt_fixtures.wire.vendor_controls import ClearTrips, LimitsChange, LoadControl

HOUR_S, DAY_S, YEAR_S = 3600, 86_400, 365 * 86_400
RICH = '{ energy = "100.00", remaining = "9000000.00" }'
FLAT = {"start": RICH, "load": '{ shape = "flat", kwh_per_day = "24.00" }'}
"""A kilowatt, day and night."""
BAKERY = {"start": RICH, "load": '{ shape = "bakery", kwh_per_day = "144.00" }'}
"""A kilowatt for each unit of the shape: 14 kW from 4 o'clock, 16 from 5, 14 from 6, 11 from 7, 2 at midnight."""
THRESHOLD, TRIPS, ALLOWED, STATUS, LOAD_BLOCK = 0x0061, 0x0222, 0x0223, 0x0224, 0x0480
OVERLOAD = "{ recovery_min = 5, trips_allowed = 3 }"


def status(master: Any, unit: int = 1) -> tuple[StatusWord1, StatusWord2]:
    first, second = master.read_registers(STATUS, 2, unit)
    return StatusWord1(first), StatusWord2(second)


class TestTrip:
    def test_power_over_the_threshold_for_ten_seconds_opens_the_relay(self, master_of: Any) -> None:
        master = master_of({**FLAT, "overload_w": "999"})
        master.clock.advance(9.999)
        assert master.meter().relay_closed
        assert StatusWord1.OVER_LIMIT in status(master)[0], "over the limit, but not yet for long enough"
        master.clock.advance(0.001)
        assert not master.meter().relay_closed
        master.clock.advance(1)
        first, second = status(master)
        assert StatusWord1.OVER_LIMIT in first
        assert StatusWord1.RELAY_CLOSED_L1 not in first
        assert StatusWord2.LOAD_CONTROL in second
        assert StatusWord2.LOAD_CLOSED_L1 not in second
        assert StatusWord2.MONEY_CLOSED_L1 in second, "money would close it"
        assert master.read_registers(TRIPS, 2) == (1, 3)
        assert master.read_registers(0x0207, 1) == (0,), "no power behind an open relay"

    def test_power_at_the_threshold_is_not_over_it(self, master_of: Any) -> None:
        master = master_of({**FLAT, "overload_w": "1000"})
        master.clock.advance(YEAR_S)
        assert master.meter().trip_count == 0
        assert StatusWord1.OVER_LIMIT not in status(master)[0]

    def test_the_energy_of_the_ten_seconds_is_counted_and_paid(self, master_of: Any) -> None:
        master = master_of({**FLAT, "overload_w": "999"})
        before = sum(master.meter().energy_by_rate_mwh)
        master.clock.advance(200)
        assert sum(master.meter().energy_by_rate_mwh) - before == 1_000_000 * 10 // HOUR_S

    def test_the_delay_starts_when_the_load_passes_the_threshold(self, master_of: Any) -> None:
        """The bakery draws 14 kW from four o'clock on."""
        master = master_of({**BAKERY, "overload_w": "13999", "overload": "{ recovery_min = 255 }"})
        master.clock.advance(4 * HOUR_S + 9.999)
        assert master.meter().relay_closed
        master.clock.advance(0.001)
        assert not master.meter().relay_closed

    @pytest.mark.parametrize("delay_s", [0, 1, 255])
    def test_the_delay_can_be_set(self, master_of: Any, delay_s: int) -> None:
        master = master_of({**FLAT, "overload_w": "999", "overload": f"{{ delay_s = {delay_s} }}"})
        master.clock.advance(delay_s)
        assert master.meter().trip_count == (0 if delay_s == 0 else 1)
        master.clock.advance(0.001)
        assert master.meter().trip_count == 1

    def test_a_meter_without_a_threshold_never_trips(self, master_of: Any) -> None:
        master = master_of(FLAT)
        master.clock.advance(YEAR_S)
        assert master.meter().relay_closed
        assert StatusWord2.LOAD_CONTROL not in status(master)[1]
        assert StatusWord2.LOAD_CLOSED_L1 in status(master)[1]

    def test_a_written_threshold_applies_from_then_on(self, master_of: Any) -> None:
        master = master_of(FLAT)
        master.clock.advance(HOUR_S)
        master.write(THRESHOLD, 999)
        master.clock.advance(9.999)
        assert master.meter().relay_closed
        master.clock.advance(0.001)
        assert not master.meter().relay_closed
        master.write(THRESHOLD, 0)
        assert master.meter().relay_closed, "no threshold, no load control"
        assert master.meter().trip_count == 1

    def test_a_new_load_is_compared_from_its_start(self, master_of: Any) -> None:
        master = master_of({**FLAT, "overload_w": "1500"})
        master.clock.advance(HOUR_S)
        master.meter().set_load("flat", 4800)
        master.clock.advance(9.999)
        assert master.meter().trip_count == 0
        master.clock.advance(0.001)
        assert master.meter().trip_count == 1

    def test_the_delay_restarts_with_the_supply(self, master_of: Any) -> None:
        master = master_of({**FLAT, "overload_w": "999"})
        master.clock.advance(9)
        master.write(0x0057, 1, 1)
        master.clock.advance(5)
        master.write(0x0057, 0, 0)
        master.clock.advance(9.999)
        assert master.meter().trip_count == 0
        master.clock.advance(0.001)
        assert master.meter().trip_count == 1


KETTLE = """\
time,kwh
2021-12-28 00:00,0
2021-12-28 12:00:00,0
2021-12-28 12:00:09,0.0075
2021-12-28 13:00:00,0.0075
2021-12-28 13:00:30,0.0325
2021-12-30 00:00,0.0325
"""
"""Three kilowatts, for nine seconds at noon and for thirty an hour later, every other day."""


def test_a_peak_in_a_trace_trips_after_the_delay(master_of: Any, tmp_path: Any) -> None:
    file = tmp_path / "kettle.csv"
    file.write_text(KETTLE)
    trace = {"start": RICH, "load": f'{{ shape = "trace", file = "{file}" }}'}
    master = master_of({**trace, "overload_w": "2000", "overload": "{ recovery_min = 1 }"})
    master.clock.advance(13 * HOUR_S + 9.999)
    assert master.meter().trip_count == 0
    master.clock.advance(0.001)
    assert master.meter().trip_count == 1
    assert not master.meter().relay_closed
    master.clock.advance(60)
    assert master.meter().relay_closed
    master.clock.advance(2 * DAY_S)
    assert master.meter().trip_count == 2


class TestReclose:
    def test_it_recloses_after_the_recovery_time_and_trips_again(self, master_of: Any) -> None:
        master = master_of({**FLAT, "overload_w": "999", "overload": OVERLOAD})
        seen = []
        for _ in range(4):
            master.clock.advance(10)
            opened = master.meter().relay_closed
            master.clock.advance(299.999)
            still = master.meter().relay_closed
            master.clock.advance(0.001)
            seen.append((master.meter().trip_count, opened, still, master.meter().relay_closed))
        assert seen == [
            (1, False, False, True),
            (2, False, False, True),
            (3, False, False, True),
            (4, False, False, False),
        ], "three times it came back"

    def test_it_stays_open_after_the_allowed_trips(self, master_of: Any) -> None:
        master = master_of({**FLAT, "overload_w": "999", "overload": OVERLOAD})
        master.clock.advance(YEAR_S)
        assert not master.meter().relay_closed
        assert master.read_registers(TRIPS, 2) == (4, 3)
        assert master.command(ClearTrips()).result is VendorResult.DONE
        assert master.meter().relay_closed
        assert master.read_registers(TRIPS, 2) == (0, 3)
        master.clock.advance(10)
        assert master.meter().trip_count == 1

    def test_with_no_trips_allowed_the_first_trip_lasts(self, master_of: Any) -> None:
        master = master_of({**FLAT, "overload_w": "999", "overload": "{ trips_allowed = 0 }"})
        master.clock.advance(YEAR_S)
        assert (master.meter().trip_count, master.meter().relay_closed) == (1, False)

    def test_a_year_without_reads_gives_the_same_result(self, master_of: Any) -> None:
        """The bakery passes 15 kW from five to six: each morning it trips and comes back ten times."""
        keys = {**BAKERY, "overload_w": "15000", "overload": "{ trips_allowed = 60000 }"}
        looked, alone = master_of(keys), master_of(keys)
        for _ in range(365 * 3):
            looked.clock.advance(8 * HOUR_S)
            looked.read_registers(0x0200, 48)
        alone.clock.advance(YEAR_S)
        assert alone.meter().trip_count == 365 * 12
        assert looked.farm.state() == alone.farm.state()


class TestBesideOthers:
    def test_forced_control_overrides_load_control_which_goes_on_deciding(self, master_of: Any) -> None:
        master = master_of({**FLAT, "overload_w": "999", "overload": OVERLOAD})
        master.write(0x0057, 1, 0)
        master.clock.advance(HOUR_S)
        assert master.meter().relay_closed
        assert master.meter().trip_count == 4
        assert not master.meter().load_ok
        master.write(0x0057, 0, 0)
        assert not master.meter().relay_closed

    def test_a_top_up_does_not_close_a_relay_that_load_control_holds(self, master_of: Any) -> None:
        master = master_of({**FLAT, "overload_w": "999", "overload": OVERLOAD})
        master.clock.advance(HOUR_S)
        master.top_up(5000, 1)
        assert not master.meter().relay_closed

    def test_credit_ends_between_trips(self, master_of: Any) -> None:
        """A fen is 36 seconds of a kilowatt: ten before each of three trips, and six after."""
        short = '{ energy = "100.00", remaining = "0.00", purchase_count = 6 }'
        master = master_of({**FLAT, "start": short, "overload_w": "999", "overload": OVERLOAD})
        master.top_up(1, 7)
        master.clock.advance(3 * 310 + 5.99)
        assert master.meter().relay_closed
        master.clock.advance(0.02)
        assert not master.meter().relay_closed
        assert master.meter().load_ok
        assert master.meter().remaining_fen == 0
        master.clock.advance(HOUR_S)
        assert master.meter().trip_count == 3

    def test_an_unopened_meter_has_load_control_too(self, master_of: Any) -> None:
        master = master_of({**FLAT, "start": '{ energy = "100.00" }', "overload_w": "999"})
        master.clock.advance(10)
        assert not master.meter().relay_closed

    def test_a_welded_relay_does_not_stop_load_control(self, master_of: Any) -> None:
        weld = '[[faults]]\nkind = "weld-relay"\nmeter = "0010010101"\nrelay = "closed"\n'
        master = master_of({**FLAT, "overload_w": "999", "overload": OVERLOAD}, site=weld)
        master.read_registers(STATUS, 1)
        master.clock.advance(HOUR_S)
        assert master.meter().relay_closed
        assert StatusWord2.LOAD_CLOSED_L1 not in status(master)[1]


class TestBlock:
    def test_it_reads_as_written(self, master_of: Any) -> None:
        master = master_of(FLAT)
        assert master.read_registers(LOAD_BLOCK, 7) == (0, 0, 0, 0, 0, 3, 5 << 8 | 10)
        everything = LimitsChange(2000, 1500, 950, 7, 9, (30, 60))
        assert master.command(LoadControl((everything,), switch=1)).result is VendorResult.DONE
        assert master.read_registers(LOAD_BLOCK, 7) == (1, 2000, 1500, 950, 7, 9, 30 << 8 | 60)
        master.command(LoadControl((LimitsChange(increment_w=0),)))
        assert master.read_registers(LOAD_BLOCK, 7) == (1, 2000, 0, 950, 7, 9, 30 << 8 | 60), (
            "the others keep their value"
        )
        assert master.read_registers(ALLOWED, 1) == (9,)

    def test_it_acts_only_when_enabled(self, master_of: Any) -> None:
        master = master_of(FLAT)
        master.command(LoadControl((LimitsChange(max_w=500),)))
        master.clock.advance(HOUR_S)
        assert master.meter().trip_count == 0
        master.command(LoadControl((LimitsChange(),), switch=1))
        master.clock.advance(10)
        assert master.meter().trip_count == 1

    def test_the_stricter_of_block_and_threshold_decides(self, master_of: Any) -> None:
        master = master_of({**BAKERY, "overload_w": "15000"})
        master.command(LoadControl((LimitsChange(max_w=10_500),), switch=1))
        master.clock.advance(4 * HOUR_S + 10)
        assert master.meter().trip_count == 1

    def test_three_phases_have_limits_of_their_own_and_one_relay(self, master_of: Any) -> None:
        """A kilowatt over three phases is 333 W on each."""
        master = master_of({**FLAT, "model": '"DTSY1352-NK/F"'})
        assert master.read_registers(LOAD_BLOCK, 19)[0] == 0b1000
        limits = (LimitsChange(max_w=400), LimitsChange(max_w=330), LimitsChange(max_w=100))
        master.command(LoadControl(limits, switch=0b0011))
        assert master.read_registers(LOAD_BLOCK, 19)[1::6] == (400, 330, 100)
        master.clock.advance(HOUR_S)
        assert master.meter().relay_closed, "only L1 is watched"
        master.command(LoadControl((LimitsChange(),) * 3, switch=0b0001))
        master.clock.advance(10)
        assert status(master)[0] & 0xE000 == 0, "all phases open together"
        assert status(master)[1] & 0x0700 == 0

    @pytest.mark.parametrize(
        "command",
        [
            LoadControl((LimitsChange(max_w=1),), switch=2),
            LoadControl((LimitsChange(max_w=1),) * 3, switch=1),
        ],
    )
    def test_another_number_of_phases_is_out_of_range(self, master_of: Any, command: LoadControl) -> None:
        master = master_of(FLAT)
        before = master.read_registers(LOAD_BLOCK, 7)
        assert master.command(command).result is VendorResult.OUT_OF_RANGE
        assert master.read_registers(LOAD_BLOCK, 7) == before

    def test_the_registers_themselves_are_not_written(self, master_of: Any) -> None:
        assert master_of(FLAT).write(LOAD_BLOCK, *[0] * 7) == b"\x90\x02"


class TestKeep:
    def test_trips_limits_and_pending_reclosing_survive_a_restart(self, master_of: Any) -> None:
        keys = {**FLAT, "overload_w": "999"}
        master = master_of(keys)
        master.clock.advance(10 + 100)
        master.command(LoadControl((LimitsChange(power_factor=900),)))
        state = master.farm.state()
        master.clock.advance(DAY_S)
        again = master_of(keys, clock=master.clock)
        again.farm.restore(state)
        assert again.farm.state() == state
        again.clock.advance(199.999)
        assert not again.meter().relay_closed
        again.clock.advance(0.001)
        assert again.meter().relay_closed
        assert again.read_registers(LOAD_BLOCK + 3, 1) == (900,)
