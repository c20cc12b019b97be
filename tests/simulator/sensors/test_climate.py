"""A climate controller measures slowly changing air, and switches heaters and fans by thresholds with hysteresis."""

from itertools import pairwise
from typing import Any

import pytest

CONTROLLER = "0010010102"
OUTPUTS, FAULTS = 0x0006, 0x0007
HEAT_BELOW, VENTILATE_ABOVE, DRY_ABOVE, HYSTERESIS = 0x0010, 0x0013, 0x0016, 0x0019


def outputs(bench: Any) -> int:
    return int(bench.read_registers(OUTPUTS, 1, unit=2)[0])


def measured(bench: Any) -> tuple[int, ...]:
    values: tuple[int, ...] = bench.read_registers(0, 6, unit=2)
    return values


class TestMeasure:
    def test_air_stays_in_range_and_changes_slowly(self, bench: Any) -> None:
        seen = [measured(bench)]
        for _ in range(24 * 6):
            bench.clock.advance(600)
            seen.append(measured(bench))
        for values in seen:
            assert all(140 <= temperature <= 300 for temperature in values[:3])
            assert all(470 <= humidity <= 730 for humidity in values[3:])
        for before, after in pairwise(seen):
            assert max(abs(a - b) for a, b in zip(before, after, strict=True)) <= 20
        assert all(max(channel) - min(channel) >= 60 for channel in zip(*seen, strict=True))

    def test_air_is_determined_by_the_seed(self, master_of: Any) -> None:
        one, same, other = (master_of({"model": '"WHD"'}, seed=seed) for seed in (1, 1, 2))
        readings = [master.read_registers(0, 6) for master in (one, same, other)]
        assert readings[0] == readings[1] != readings[2]

    def test_channels_differ(self, bench: Any) -> None:
        assert len(set(measured(bench)[:3])) == 3

    def test_set_air_is_measured_until_it_is_released(self, bench: Any) -> None:
        climate = bench.farm.climate(CONTROLLER)
        own = measured(bench)
        climate.set_air(2, temperature=-55, humidity=801)
        bench.clock.advance(3600)
        assert measured(bench)[1::3] == (0x10000 - 55, 801)
        assert (climate.air(2).temperature, climate.air(2).humidity) == (-55, 801)
        assert measured(bench)[0] != own[0]
        climate.release_air(2)
        assert 140 <= measured(bench)[1] <= 300

    @pytest.mark.parametrize("channel", [0, 4])
    def test_an_unknown_channel_is_named(self, bench: Any, channel: int) -> None:
        with pytest.raises(ValueError, match=f"channels 1 to 3, not {channel}"):
            bench.farm.climate(CONTROLLER).set_air(channel, temperature=0, humidity=0)


class TestSwitch:
    def test_all_outputs_are_off_in_moderate_air(self, bench: Any) -> None:
        for _ in range(24):
            bench.clock.advance(3600)
            assert outputs(bench) == 0

    def test_cold_starts_the_heater_and_the_hysteresis_stops_it(self, bench: Any) -> None:
        climate = bench.farm.climate(CONTROLLER)
        for temperature, on in ((51, False), (50, True), (69, True), (70, False), (51, False), (50, True)):
            climate.set_air(1, temperature=temperature, humidity=500)
            assert outputs(bench) == (0b000001 if on else 0), temperature
            assert climate.heating(1) is on

    def test_heat_starts_the_fan_and_the_hysteresis_stops_it(self, bench: Any) -> None:
        climate = bench.farm.climate(CONTROLLER)
        for temperature, on in ((349, False), (350, True), (331, True), (330, False), (349, False)):
            climate.set_air(3, temperature=temperature, humidity=500)
            assert outputs(bench) == (0b100000 if on else 0), temperature
            assert climate.ventilating(3) is on

    def test_humidity_starts_the_heater_too(self, bench: Any) -> None:
        climate = bench.farm.climate(CONTROLLER)
        for humidity, on in ((849, False), (850, True), (831, True), (830, False)):
            climate.set_air(2, temperature=200, humidity=humidity)
            assert outputs(bench) == (0b000010 if on else 0), humidity

    def test_cold_and_damp_together_are_one_heater(self, bench: Any) -> None:
        climate = bench.farm.climate(CONTROLLER)
        climate.set_air(1, temperature=0, humidity=900)
        assert outputs(bench) == 0b000001
        climate.set_air(1, temperature=0, humidity=500)
        assert outputs(bench) == 0b000001

    def test_written_thresholds_take_effect_and_read_back(self, bench: Any) -> None:
        bench.farm.climate(CONTROLLER).set_air(1, temperature=200, humidity=500)
        assert bench.write(HEAT_BELOW, 210, unit=2) == bytes((0x10, 0, HEAT_BELOW, 0, 1))
        assert outputs(bench) == 0b000001
        bench.write(HYSTERESIS, 5, unit=2)
        bench.farm.climate(CONTROLLER).set_air(1, temperature=215, humidity=500)
        assert outputs(bench) == 0
        bench.write(VENTILATE_ABOVE, 215, unit=2)
        bench.write(DRY_ABOVE, 500, unit=2)
        assert outputs(bench) == 0b001001
        assert bench.read_registers(HEAT_BELOW, 10, unit=2) == (210, 50, 50, 215, 350, 350, 500, 850, 850, 5)

    def test_reading_more_often_changes_nothing(self, master_of: Any) -> None:
        """The band lies inside the day's swing, so that the outputs depend on what happened before."""
        eager, lazy = (master_of({"model": '"WHD"'}) for _ in range(2))
        for master in (eager, lazy):
            master.write(VENTILATE_ABOVE, 220, 221, 222)
            master.write(HYSTERESIS, 60)
        for minutes in (180, 180, 300, 300, 480):
            for _ in range(minutes):
                eager.clock.advance(60)
                eager.read_registers(OUTPUTS, 1)
            lazy.clock.advance(60 * minutes)
            assert eager.read_registers(0, 8) == lazy.read_registers(0, 8)

    def test_outputs_switch_without_reads(self, bench: Any) -> None:
        """Fans start in the afternoon's heat; the night is inside the band, so they are still on when it ends."""
        bench.write(VENTILATE_ABOVE, 240, 240, 240, unit=2)
        bench.write(HYSTERESIS, 150, unit=2)
        assert outputs(bench) == 0
        bench.clock.advance(24 * 3600)
        assert max(measured(bench)[:3]) < 240
        assert outputs(bench) == 0b111000

    def test_measured_values_cannot_be_written(self, bench: Any) -> None:
        assert bench.write(0, 250, unit=2) == b"\x90\x02"
        assert bench.write(OUTPUTS, 1, unit=2) == b"\x90\x02"


class TestFault:
    def test_a_broken_sensor_shows_its_bit_and_no_air(self, bench: Any) -> None:
        climate = bench.farm.climate(CONTROLLER)
        climate.set_faulty(2, True)
        assert climate.faulty(2)
        assert not climate.faulty(1)
        assert bench.read_registers(FAULTS, 1, unit=2) == (0b010,)
        assert measured(bench)[1::3] == (0x7FFF, 0xFFFF)
        assert 140 <= measured(bench)[0] <= 300
        climate.set_faulty(2, False)
        assert bench.read_registers(FAULTS, 1, unit=2) == (0,)
        assert 140 <= measured(bench)[1] <= 300

    def test_its_outputs_go_off_and_return_with_it(self, bench: Any) -> None:
        climate = bench.farm.climate(CONTROLLER)
        for channel in (1, 2):
            climate.set_air(channel, temperature=0, humidity=900)
        assert outputs(bench) == 0b000011
        climate.set_faulty(1, True)
        assert outputs(bench) == 0b000010
        bench.clock.advance(3600)
        assert outputs(bench) == 0b000010
        climate.set_faulty(1, False)
        assert outputs(bench) == 0b000011

    def test_an_unknown_channel_is_named(self, bench: Any) -> None:
        with pytest.raises(ValueError, match="channels 1 to 3, not 4"):
            bench.farm.climate(CONTROLLER).set_faulty(4, True)
