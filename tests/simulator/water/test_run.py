"""A water meter counts while its valve is open; function 06H moves the valve."""

import struct
from typing import Any

import pytest

VOLUME, REVERSE, FLOW, PIPE, NUMBER, BATTERY, VALVE = 0x0001, 0x0003, 0x0005, 0x0007, 0x0012, 0x001A, 0x001C
METER = "0010010101"
OPEN, CLOSED = 1, 2


@pytest.fixture
def master(master_of: Any) -> Any:
    """2.4 m³ a day, so that 100 l run in an hour."""
    return master_of(
        {"model": '"水表"', "start": '{ volume = "12.345" }', "load": '{ m3_per_day = "2.400" }'}
    )


def real(master: Any, address: int) -> float:
    words = master.read_registers(address, 2)
    value: float = struct.unpack("<f", struct.pack(">2H", *words))[0]
    return value


def command(master: Any, word: int, address: int = VALVE) -> Any:
    return master.ask(struct.pack(">BHH", 6, address, word))


class TestCount:
    def test_it_starts_with_the_volume_of_the_site(self, master: Any) -> None:
        assert real(master, VOLUME) == pytest.approx(12.345, abs=1e-6)
        assert master.farm.water_meter(METER).volume_litres == 12345

    def test_volume_follows_the_load_to_the_litre(self, master: Any) -> None:
        master.clock.advance(3600)
        assert master.farm.water_meter(METER).volume_litres == 12445
        assert real(master, VOLUME) == pytest.approx(12.445, abs=1e-6)
        assert real(master, FLOW) == pytest.approx(0.1)
        master.clock.advance(365 * 86400 - 3600)
        assert master.farm.water_meter(METER).volume_litres == 12345 + 365 * 2400

    def test_frequent_reads_lose_nothing(self, master: Any) -> None:
        for _ in range(3600):
            master.clock.advance(1)
            master.read_registers(VOLUME, 2)
        assert master.farm.water_meter(METER).volume_litres == 12445

    def test_the_whole_map_reads_in_one_frame(self, master: Any) -> None:
        words = master.read_registers(1, 28)
        assert words[PIPE - 1] == 0xAA
        assert words[NUMBER - 1 : NUMBER + 3] == (0x0000, 0x0010, 0x0100, 0x1001)
        assert real(master, BATTERY) == pytest.approx(3.6)
        assert 13 <= real(master, 0x000C) <= 17


class TestValve:
    def test_a_closed_valve_stops_the_flow(self, master: Any) -> None:
        water = master.farm.water_meter(METER)
        assert master.read_registers(VALVE, 1) == (0b01,)
        assert command(master, CLOSED) == struct.pack(">BHH", 6, VALVE, CLOSED)
        assert master.read_registers(VALVE, 1) == (0b10,)
        assert not water.valve_open
        master.clock.advance(7200)
        assert (water.volume_litres, water.flow_litres_per_hour) == (12345, 0)
        assert real(master, FLOW) == 0
        command(master, OPEN)
        assert master.read_registers(VALVE, 1) == (0b01,)
        master.clock.advance(3600)
        assert water.volume_litres == 12445

    def test_volume_before_the_closing_is_counted(self, master: Any) -> None:
        master.clock.advance(1800)
        command(master, CLOSED)
        assert master.farm.water_meter(METER).volume_litres == 12395

    @pytest.mark.parametrize("word", [0, 3, 4, 0xFFFF])
    def test_an_invalid_command_is_refused(self, master: Any, word: int) -> None:
        assert command(master, word) == b"\x86\x03"
        assert master.read_registers(VALVE, 1) == (0b01,)

    @pytest.mark.parametrize("address", [VOLUME, PIPE, 0x0008, 0x0000, 0x0100])
    def test_other_registers_are_read_only(self, master: Any, address: int) -> None:
        assert command(master, 1, address) == b"\x86\x02"

    def test_a_short_or_long_frame_is_refused(self, master: Any) -> None:
        for pdu in (b"\x06", b"\x06\x00\x1c\x00", b"\x06\x00\x1c\x00\x02\x00"):
            assert master.ask(pdu) == b"\x86\x03"
        assert master.read_registers(VALVE, 1) == (0b01,)

    def test_function_10h_is_unknown_to_it(self, master: Any) -> None:
        assert master.write(VALVE, CLOSED) == b"\x90\x01"

    def test_function_06h_is_unknown_to_an_energy_meter(self, master_of: Any) -> None:
        assert command(master_of({}), 1, 0x0057) == b"\x86\x01"


class TestReport:
    def test_reverse_volume_is_counted_separately(self, master: Any) -> None:
        master.farm.water_meter(METER).add_reverse_flow(1500)
        assert real(master, REVERSE) == 1.5
        assert real(master, VOLUME) == pytest.approx(12.345, abs=1e-6)
        assert master.farm.water_meter(METER).reverse_litres == 1500

    def test_an_abnormal_valve_is_a_bit_beside_its_state(self, master: Any) -> None:
        water = master.farm.water_meter(METER)
        assert master.read_registers(VALVE, 1) == (0b0001,)
        water.valve_abnormal = True
        assert master.read_registers(VALVE, 1) == (0b0101,)
        command(master, CLOSED)
        assert master.read_registers(VALVE, 1) == (0b0110,)
        water.valve_abnormal = False
        assert master.read_registers(VALVE, 1) == (0b0010,)

    def test_a_low_battery_is_a_bit_and_a_voltage(self, master: Any) -> None:
        water = master.farm.water_meter(METER)
        water.battery_low = True
        assert water.battery_low
        assert master.read_registers(VALVE, 1) == (0b1001,)
        assert real(master, BATTERY) == pytest.approx(3.1)
        water.battery_low = False
        assert real(master, BATTERY) == pytest.approx(3.6)


def test_floats_may_have_the_high_word_first(master_of: Any) -> None:
    """The same meter as another model: byte for byte the reverse of the first."""
    keys = {"start": '{ volume = "12.345" }', "load": '{ m3_per_day = "2.400" }'}
    master = master_of({**keys, "model": '"水表"'}, {**keys, "model": '"VALVE-WATER-METER-ABCD"'})
    first, second = (struct.pack(">2H", *master.read_registers(VOLUME, 2, unit)) for unit in (1, 2))
    assert second == first[::-1]
    assert struct.unpack(">f", second)[0] == pytest.approx(12.345, abs=1e-6)
    assert master.read_registers(VALVE, 1, unit=2) == (0b01,)


class TestKeep:
    def test_count_valve_and_settings_survive_a_restart(self, master: Any, master_of: Any) -> None:
        master.clock.advance(3600)
        command(master, CLOSED)
        command(master, 0x42, 0x000E)
        master.farm.water_meter(METER).add_reverse_flow(7)
        again = master_of({"model": '"水表"', "load": '{ m3_per_day = "2.400" }'})
        again.farm.restore(master.farm.state())
        assert again.farm.water_meter(METER).volume_litres == 12445
        assert again.farm.water_meter(METER).reverse_litres == 7
        assert again.read_registers(VALVE, 1, unit=0x42) == (0b10,)
        assert again.read_registers(0x000E, 1, unit=0x42) == (0x42,)
