"""Energy: exact, by rate, by the meter's own clock and tables, independent of reads."""

from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_fixtures.rates import DayTable, YearZones
from prewatt_fixtures.wire import vendor
from prewatt_simulator.units import DAY_MS

HOUR_S = 3600
SHOP = {"start": '{ energy = "777.77" }', "load": '{ shape = "shop", kwh_per_day = "123.45" }'}


def test_secondary_registers_are_primary_energy_divided_by_the_transformers(master_of: Any) -> None:
    master = master_of({"model": '"DTSD1352-C"', "ct": "20", "start": '{ energy = "55081.60" }'})
    assert master.u32(0) == 275408
    assert master.u32(0x000A) == 275408


def test_primary_registers_are_not_divided(master_of: Any) -> None:
    master = master_of({"model": '"ADW300/CLR"', "ct": "40", "start": '{ energy = "12345.60" }'})
    assert master.u32(0x003C) == 1234560


def test_the_rates_sum_to_the_total_at_the_start(master_of: Any) -> None:
    for ct in (1, 3, 7, 20):
        master = master_of({"model": '"DTSD1352-C"', "ct": str(ct), "start": '{ energy = "55081.63" }'})
        assert sum(master.u32(address) for address in (2, 4, 6, 8)) == master.u32(0) == 5508163 // ct


def test_the_rates_differ_from_the_total_by_rounding_only(master_of: Any) -> None:
    master = master_of({"model": '"DTSY1352-NK/F"', **SHOP})
    for _ in range(60):
        master.clock.advance(7 * HOUR_S + 13)
        assert 0 <= master.u32(0) - sum(master.u32(address) for address in (2, 4, 6, 8)) <= 3
        assert sum(master.meter().energy_by_rate_mwh) // 10_000 == master.u32(0)


def test_a_day_counts_what_the_load_draws(master_of: Any) -> None:
    master = master_of(SHOP)
    master.clock.advance(DAY_MS // 1000)
    assert master.u32(0) == 77777 + 12345


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(min_value=1, max_value=4 * HOUR_S), min_size=1, max_size=30))
def test_energy_rises_and_does_not_depend_on_how_often_it_is_read(master_of: Any, steps_s: list[int]) -> None:
    often, once = master_of(SHOP), master_of(SHOP)
    last = often.u32(0)
    for step_s in steps_s:
        often.clock.advance(step_s)
        assert often.u32(0) >= last
        last = often.u32(0)
    once.clock.advance(sum(steps_s))
    assert [once.u32(a) for a in (0, 2, 4, 6, 8)] == [often.u32(a) for a in (0, 2, 4, 6, 8)]
    assert once.farm.state() == often.farm.state()


def test_reading_a_view_changes_no_register(master_of: Any) -> None:
    large = {"load": '{ kwh_per_day = "24000.00" }'}
    watched, alone = master_of(large), master_of(large)
    watched.clock.advance(10.25)
    alone.clock.advance(10.25)
    assert watched.meter().energy_centikwh > 0
    assert watched.farm.state()
    watched.clock.advance(0.5)
    alone.clock.advance(0.5)
    assert watched.read_registers(0, 40) == alone.read_registers(0, 40)


def test_registers_are_constant_within_a_measuring_period(master_of: Any) -> None:
    large = {"load": '{ kwh_per_day = "24000.00" }'}
    early, late = master_of(large), master_of(large)
    early.clock.advance(10.25)
    late.clock.advance(10.75)
    assert early.read_registers(0, 20) == late.read_registers(0, 20)
    assert early.meter().energy_centikwh < late.meter().energy_centikwh


def rates(master: Any) -> list[int]:
    return list(master.meter().energy_by_rate_centikwh)


def gained(master: Any, seconds: float) -> list[int]:
    before = rates(master)
    master.clock.advance(seconds)
    return [after - then for then, after in zip(before, rates(master), strict=True)]


FLAT = {"load": '{ kwh_per_day = "24.00" }'}


def test_energy_goes_to_the_rate_that_runs_by_the_day_table(master_of: Any) -> None:
    master = master_of(FLAT)
    assert gained(master, 7 * HOUR_S) == [0, 0, 0, 700]
    assert gained(master, HOUR_S) == [0, 0, 100, 0]
    assert gained(master, 3 * HOUR_S) == [0, 300, 0, 0]
    assert gained(master, 13 * HOUR_S) == [200, 200, 800, 100]


def words_of(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def test_a_written_day_table_counts_from_then_on(master_of: Any) -> None:
    master = master_of(FLAT)
    master.clock.advance(HOUR_S)
    table = DayTable(((0, 1), (120, 2)))
    assert master.write(0x2006, *words_of(table.to_bytes())) == bytes.fromhex("1020060015")
    assert (
        bytes(b for w in master.read_registers(0x2006, 21) for b in w.to_bytes(2, "big")) == table.to_bytes()
    )
    assert gained(master, 2 * HOUR_S) == [100, 100, 0, 0]


def test_written_year_zones_choose_the_table(master_of: Any) -> None:
    master = master_of(FLAT)
    second = DayTable(((0, 1),))
    assert master.write(0x201B, *words_of(second.to_bytes())) == bytes.fromhex("10201b0015")
    zones = YearZones(((1, 1, 1), (12, 29, 2)))
    assert master.write(0x2000, *words_of(zones.to_bytes())) == bytes.fromhex("1020000006")
    assert gained(master, 24 * HOUR_S)[0] == 200
    assert gained(master, 24 * HOUR_S) == [2400, 0, 0, 0]


def test_four_zones_choose_among_three_tables_through_the_year(master_of: Any) -> None:
    master = master_of({"model": '"ADW300/CLR"', **FLAT})
    for address, rate in ((0x016D, 1), (0x0182, 2), (0x0201, 3)):
        assert master.write(address, *words_of(DayTable(((0, rate),)).to_bytes())) is not None
    zones = YearZones(((1, 1, 2), (3, 15, 3), (6, 1, 1), (12, 29, 3)))
    assert master.write(0x0167, *words_of(zones.to_bytes())) == bytes.fromhex("1001670006")
    day_s = 24 * HOUR_S
    assert gained(master, day_s) == [2400, 0, 0, 0]
    assert gained(master, 3 * day_s) == [0, 0, 3 * 2400, 0]
    assert gained(master, (31 + 28 + 14) * day_s) == [0, 73 * 2400, 0, 0]
    assert gained(master, (17 + 30 + 31) * day_s) == [0, 0, 78 * 2400, 0]
    assert gained(master, day_s) == [2400, 0, 0, 0]
    assert [master.u32(address) for address in range(0x0197, 0x019F, 2)] == rates(master)


def test_a_fourth_table_is_refused_where_there_are_three(master_of: Any) -> None:
    master = master_of({"model": '"ADW300/CLR"', **FLAT})
    zones = YearZones(((1, 1, 4),)).to_bytes()
    assert master.write(0x0167, *words_of(zones)) == b"\x90\x03"


def test_invalid_tables_are_refused_and_change_nothing(master_of: Any) -> None:
    master = master_of(FLAT)
    before = master.read_registers(0x2000, 48)
    fifth_rate = DayTable(((0, 5),)).to_bytes()
    late_start = bytes((1, 0, 3)).ljust(42, b"\0")
    for data in (bytes(42), fifth_rate, late_start):
        assert master.write(0x2006, *words_of(data)) == b"\x90\x03"
    zones_to_nowhere = YearZones(((1, 1, 3),)).to_bytes()
    assert master.write(0x2000, *words_of(zones_to_nowhere)) == b"\x90\x03"
    assert master.read_registers(0x2000, 48) == before


def test_rates_follow_the_meters_own_clock_once_it_is_set(master_of: Any) -> None:
    master = master_of(FLAT)
    reply = master.command(vendor.SetClock(datetime(2022, 3, 1, 18, 30)))
    assert reply.result is vendor.VendorResult.DONE
    assert master.read_registers(0x0228, 4)[:3] == (22 << 8 | 3, 1 << 8 | 2, 18 << 8 | 30)
    assert gained(master, 2 * HOUR_S) == [150, 50, 0, 0]


def test_the_clock_can_be_written_as_registers(master_of: Any) -> None:
    master = master_of({"model": '"DTSD1352-C"', **FLAT})
    at = (22 << 8 | 3, 1 << 8 | 18, 30 << 8 | 0)
    assert master.write(0x003C, *at) == bytes.fromhex("10003c0003")
    assert master.read_registers(0x003C, 3) == at
    assert master.write(0x003C, 22 << 8 | 13, 0, 0) == b"\x90\x03"
    assert master.read_registers(0x003C, 3) == at


def test_new_ratios_keep_the_registers_and_count_from_then_on(master_of: Any) -> None:
    master = master_of({"model": '"DTSD1352-C"', "ct": "20", "start": '{ energy = "1000.00" }', **FLAT})
    before = [master.u32(address) for address in (0, 2, 4, 6, 8)]
    assert master.write(0x008E, 40) == bytes.fromhex("10008e0001")
    assert [master.u32(address) for address in (0, 2, 4, 6, 8)] == before
    master.clock.advance(24 * HOUR_S)
    assert master.u32(0) == before[0] + 2400 // 40
