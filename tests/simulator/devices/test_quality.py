"""Supply quality is consistent with voltages, currents and powers; the event register shows the last power-on."""

import math
from typing import Any

import pytest

ADW300 = {"model": '"ADW300/CLR"', "load": '{ kwh_per_day = "240.00" }'}
DTSD1352 = {"model": '"DTSD1352-C"', "load": '{ kwh_per_day = "240.00" }'}
IDLE = {"model": '"ADW300/CLR"'}
THD_U, THD_I = 0x0074, 0x0077
HARMONICS = range(0x007A, 0x012E, 30)


def test_the_harmonics_of_a_phase_sum_up_to_its_distortion(master_of: Any) -> None:
    master = master_of(ADW300)
    for _ in range(5):
        master.clock.advance(61)
        totals = master.read_registers(THD_U, 6)
        for total, address in zip(totals, HARMONICS, strict=True):
            orders = master.read_registers(address, 30)
            assert math.hypot(*orders) == pytest.approx(total, abs=3)
            assert all(orders[odd] > orders[odd - 1] for odd in range(1, 30, 2)), "odd orders stand out"


def test_distortion_is_plausible_and_varies(master_of: Any) -> None:
    master = master_of(ADW300)
    seen = set()
    for _ in range(30):
        master.clock.advance(61)
        voltages, currents = master.read_registers(THD_U, 3), master.read_registers(THD_I, 3)
        assert all(140 <= total <= 220 for total in voltages)
        assert all(600 <= total <= 1100 for total in currents)
        seen.add(voltages + currents)
    assert len(seen) == 30


def test_current_distortion_is_0_without_current(master_of: Any) -> None:
    master = master_of(IDLE)
    assert master.read_registers(THD_I, 3) == (0, 0, 0)
    assert master.read_registers(0x0110, 30) == (0,) * 30
    assert master.read_registers(0x0163, 1) == (0,)
    assert master.read_registers(0x001D, 1) == (0,)


def test_both_models_show_the_same_distortion_of_the_same_load(master_of: Any) -> None:
    master = master_of(DTSD1352)
    totals = master.read_registers(0x00B0, 6)
    assert all(140 <= total <= 220 for total in totals[:3])
    assert all(600 <= total <= 1100 for total in totals[3:])


def test_unbalance_is_the_largest_deviation_from_the_mean(master_of: Any) -> None:
    master = master_of(ADW300)
    for start, shown in ((0x0014, 0x0162), (0x001A, 0x0163)):
        values = master.read_registers(start, 3)
        mean = sum(values) / 3
        assert master.read_registers(shown, 1)[0] == round(10_000 * max(abs(v - mean) for v in values) / mean)


def test_currents_lag_by_their_power_factor_and_sum_as_vectors(master_of: Any) -> None:
    master = master_of(ADW300)
    voltage, current = master.read_registers(0x01EC, 3), master.read_registers(0x01FE, 3)
    assert voltage == (0, 24_000, 12_000)
    factors = master.read_registers(0x0036, 3)
    for u, i, factor in zip(voltage, current, factors, strict=True):
        lag = (u - i) % 36_000 / 100
        assert math.cos(math.radians(lag)) == pytest.approx(factor / 1000, abs=0.001)
    vectors = [
        amount * complex(math.cos(math.radians(angle / 100)), math.sin(math.radians(angle / 100)))
        for amount, angle in zip(master.read_registers(0x001A, 3), current, strict=True)
    ]
    assert master.read_registers(0x001D, 1)[0] == pytest.approx(abs(sum(vectors)), abs=1)


def test_a_consuming_load_has_no_reverse_energy(master_of: Any) -> None:
    master = master_of(ADW300)
    master.clock.advance(3 * 86_400)
    total = master.u32(0x003C)
    assert master.u32(0x003E) == total == 72_000
    for phase in (0x0046, 0x0050, 0x005A):
        assert [master.u32(phase + at) for at in (0, 2, 4, 8)] == [total // 3, total // 3, 0, 0]
        assert master.u32(phase + 6) == master.u32(0x0042) // 3
    forward = [master.u32(address) for address in range(0x01AF, 0x01B7, 2)]
    assert 0 <= master.u32(0x0042) - sum(forward) <= 3
    assert master.read_registers(0x01B7, 8) == (0,) * 8
    assert master.read_registers(0x01A7, 8) == (0,) * 8


def test_settings_without_effect_read_as_written(master_of: Any) -> None:
    master = master_of(ADW300)
    for address, words in ((0x0002, 1), (0x0007, 1), (0x01C2, 1), (0x01D0, 1), (0x01D1, 12), (0x0216, 52)):
        assert master.read_registers(address, words) == (0,) * words
        written = tuple(range(1, words + 1))
        assert master.write(address, *written) is not None
        assert master.read_registers(address, words) == written
    assert master.read_registers(0x01EB, 1) == (0,)
    assert master.read_registers(0x003A, 1) == (0,)


def test_the_latest_event_is_the_power_on(master_of: Any) -> None:
    rule = '[[faults]]\nkind = "reboot-meter"\nmeter = "0010010101"\nskip = 1\ncount = 1\nlasts_s = 20\n'
    master = master_of(DTSD1352, site=rule)
    master.clock.advance(3600)
    assert master.read_registers(0x3001, 6) == (21 << 8 | 12, 28 << 8, 0, 0x0100, 0, 0), (
        "since the farm's start"
    )
    assert master.ask(bytes.fromhex("0330010006")) is None
    master.clock.advance(3600)
    assert master.read_registers(0x3001, 6) == (21 << 8 | 12, 28 << 8 | 1, 20, 0x0100, 0, 0)
