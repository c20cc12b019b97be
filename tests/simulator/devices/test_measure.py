"""Electrical values: consistent with each other, noisy by the seed, refreshed once a second."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_simulator.devices.energy.electrical import measure

LOADED = {"model": '"DTSY1352-NK/F"', "load": '{ kwh_per_day = "240.00" }'}


def signed(words: tuple[int, ...]) -> list[int]:
    return [word - 0x10000 if word & 0x8000 else word for word in words]


@pytest.mark.parametrize("ct", [1, 10])
def test_power_is_the_sum_of_the_phases_and_u_times_i_times_pf(master_of: Any, ct: int) -> None:
    master = master_of({**LOADED, "ct": str(ct)})
    for _ in range(50):
        master.clock.advance(37)
        block = signed(master.read_registers(0x0200, 48))
        voltage, current, power = block[1:4], block[4:7], block[7:10]
        factor = block[15:18]
        assert block[10] == sum(power)
        for u, i, p, pf in zip(voltage, current, power, factor, strict=True):
            assert abs(u / 10 * i / 100 * pf / 1000 - p) <= 1


def test_power_follows_the_load(master_of: Any) -> None:
    master = master_of(LOADED)
    powers = []
    for _ in range(200):
        master.clock.advance(1)
        powers.append(signed(master.read_registers(0x020A, 1))[0])
    assert sum(powers) / len(powers) == pytest.approx(10_000, rel=0.02)


def test_values_refresh_with_the_measuring_period_and_not_with_the_reading(master_of: Any) -> None:
    master = master_of(LOADED)
    master.clock.advance(0.25)
    first = master.read_registers(0x0200, 48)
    master.clock.advance(0.5)
    assert master.read_registers(0x0200, 48) == first
    master.clock.advance(0.25)
    assert master.read_registers(0x0200, 48) != first


def test_noise_is_determined_by_the_seed(master_of: Any) -> None:
    first, again, other = (master_of(LOADED, seed=seed) for seed in (1, 1, 2))
    assert first.read_registers(0x0200, 48) == again.read_registers(0x0200, 48)
    assert first.read_registers(0x0200, 48) != other.read_registers(0x0200, 48)


def test_two_meters_have_different_noise(master_of: Any) -> None:
    master = master_of(LOADED, LOADED)
    assert master.read_registers(0x0201, 3, unit=1) != master.read_registers(0x0201, 3, unit=2)


def test_a_single_phase_meter_has_one_phase(master_of: Any) -> None:
    master = master_of({"load": '{ kwh_per_day = "24.00" }'})
    block = signed(master.read_registers(0x0200, 48))
    assert block[1] > 0
    assert block[2:4] == [0, 0]
    assert block[7] == block[10]
    assert master.read_registers(13, 1)[0] == block[10]


powers = st.floats(min_value=0, max_value=5_000_000)
ratios = st.integers(min_value=1, max_value=400)
seeds = st.integers(min_value=0, max_value=2**63)


@given(powers, st.sampled_from([1, 3]), ratios, seeds, st.integers(0, 2**40))
def test_values_of_one_moment_are_consistent(
    power_w: float, phases: int, ct: int, seed: int, moment: int
) -> None:
    seen = measure(power_w, phases, ct, 1, seed, moment)
    for phase in range(phases):
        volt, ampere = seen.voltage[phase] / 10, seen.current[phase] / 100
        factor = seen.power_factor[phase] / 1000
        assert seen.apparent[phase] == pytest.approx(volt * ampere, abs=0.51)
        assert seen.power[phase] == pytest.approx(volt * ampere * factor, abs=0.51)
        assert math.hypot(seen.power[phase], seen.reactive[phase]) == pytest.approx(
            seen.apparent[phase], abs=1.5
        )
        assert 213 < volt < 227
        assert 0.9 < factor < 1
    assert all(not values[phases:] or set(values[phases:]) == {0} for values in (seen.voltage, seen.current))
    step_w = 0.005 * 227 * phases
    assert sum(seen.power) == pytest.approx(power_w / ct, rel=0.05, abs=step_w + 2)
    assert measure(power_w, phases, ct, 1, seed, moment) == seen


@settings(max_examples=6, deadline=None)
@given(st.integers(1, 40), st.integers(0, 23), st.integers(1, 1000))
def test_energy_is_the_integral_of_power(master_of: Any, ct: int, hour: int, seed: int) -> None:
    keys = {
        "model": '"DTSD1352-C"',
        "ct": str(ct),
        "load": f'{{ shape = "shop", kwh_per_day = "{ct * 161}" }}',
    }
    master = master_of(keys, seed=seed)
    master.clock.advance(hour * 3600)
    counted = [master.u32(0x0000), master.u32(0x001E)]
    watt_seconds, var_seconds = 0, 0
    for _ in range(360):
        master.clock.advance(10)
        watt_seconds += 10 * master.i32(0x016A)
        var_seconds += 10 * master.i32(0x0172)
    active, reactive = (
        now - then for now, then in zip((master.u32(0), master.u32(0x1E)), counted, strict=True)
    )
    assert active * 36_000 == pytest.approx(watt_seconds, rel=0.01, abs=36_000)
    assert reactive * 36_000 == pytest.approx(var_seconds, rel=0.08, abs=36_000)


def test_reactive_energy_matches_the_mean_power_factor(master_of: Any) -> None:
    moments = [measure(9000, 3, 1, 1, 7, 60 * minute) for minute in range(5000)]
    share = sum(sum(seen.reactive) for seen in moments) / sum(sum(seen.power) for seen in moments)
    master = master_of({"model": '"DTSD1352-C"', "load": '{ kwh_per_day = "24000" }'})
    master.clock.advance(10 * 86_400)
    assert master.u32(0x001E) / master.u32(0) == pytest.approx(share, rel=0.005)
