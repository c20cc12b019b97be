"""A KJ8 has eight debounced inputs and four outputs with pulse lengths."""

import struct
from typing import Any

import pytest

TERMINAL = "0010010101"
ADDRESS, BAUD, CONTACTS, INPUTS, OUTPUTS, DEBOUNCE, PULSES = 2, 3, 0x0C, 0x10, 0x11, 0x12, 0x14


@pytest.fixture
def master(master_of: Any) -> Any:
    """At a quarter of a second past ten, so that no moment below is one at which a meter would measure."""
    master = master_of({"model": '"ARTU-KJ8"'})
    master.clock.advance(10.25)
    return master


class TestInputs:
    def test_an_input_follows_after_the_debounce_time(self, master: Any) -> None:
        terminal = master.farm.terminal(TERMINAL)
        master.write(DEBOUNCE, 500)
        terminal.set_closed(8, True)
        master.clock.advance(0.499)
        assert (master.read_registers(INPUTS, 1), terminal.closed(8)) == ((0,), False)
        master.clock.advance(0.001)
        assert (master.read_registers(INPUTS, 1), terminal.closed(8)) == ((0x80,), True)
        assert master.ask(bytes((2, 0, 0, 0, 8))) == b"\x02\x01\x80"

    def test_a_bouncing_contact_is_ignored(self, master: Any) -> None:
        terminal = master.farm.terminal(TERMINAL)
        master.write(DEBOUNCE, 100)
        for _ in range(3):
            terminal.set_closed(1, True)
            master.clock.advance(0.099)
            terminal.set_closed(1, False)
            master.clock.advance(0.099)
        assert master.read_registers(INPUTS, 1) == (0,)

    @pytest.mark.parametrize("wrong", [0, 1001])
    def test_a_debounce_time_has_its_range(self, master: Any, wrong: int) -> None:
        assert master.write(DEBOUNCE, wrong) == b"\x90\x03"
        assert master.read_registers(DEBOUNCE, 1) == (10,)

    @pytest.mark.parametrize("number", [0, 9])
    def test_there_are_eight_inputs(self, master: Any, number: int) -> None:
        with pytest.raises(ValueError, match=f"inputs 1 to 8, not {number}"):
            master.farm.terminal(TERMINAL).set_closed(number, True)
        assert master.ask(bytes((2, 0, 0, 0, 9))) == b"\x82\x02"


class TestOutputs:
    def test_without_a_pulse_length_an_output_stays(self, master: Any) -> None:
        terminal = master.farm.terminal(TERMINAL)
        assert master.write(OUTPUTS, 0b1001) == bytes((0x10, 0, OUTPUTS, 0, 1))
        master.clock.advance(86_400)
        assert master.read_registers(OUTPUTS, 1) == (0b1001,)
        assert [terminal.output_closed(number) for number in (1, 2, 3, 4)] == [True, False, False, True]
        master.write(OUTPUTS, 0b0001)
        assert master.read_registers(OUTPUTS, 1) == (0b0001,)

    def test_with_a_pulse_length_it_opens_at_the_exact_moment(self, master: Any) -> None:
        master.write(PULSES + 1, 500)
        master.write(OUTPUTS, 0b0011)
        master.clock.advance(0.499)
        assert master.read_registers(OUTPUTS, 1) == (0b0011,)
        assert master.farm.terminal(TERMINAL).output_closed(2)
        master.clock.advance(0.001)
        assert not master.farm.terminal(TERMINAL).output_closed(2)
        assert master.read_registers(OUTPUTS, 1) == (0b0001,)

    def test_switching_again_restarts_the_pulse(self, master: Any) -> None:
        master.write(PULSES, 1000)
        master.write(OUTPUTS, 1)
        master.clock.advance(0.6)
        master.write(OUTPUTS, 1)
        master.clock.advance(0.6)
        assert master.read_registers(OUTPUTS, 1) == (1,)
        master.write(OUTPUTS, 0)
        assert master.read_registers(OUTPUTS, 1) == (0,)
        master.clock.advance(0.3)
        master.write(OUTPUTS, 2)
        master.clock.advance(0.2)
        assert master.read_registers(OUTPUTS, 1) == (2,)

    def test_inputs_and_outputs_share_a_register(self, master: Any) -> None:
        master.farm.terminal(TERMINAL).set_closed(1, True)
        master.write(OUTPUTS, 0b0100)
        master.clock.advance(1)
        assert master.read_registers(CONTACTS, 1) == (0x0104,)
        assert master.ask(bytes((4, 0, CONTACTS, 0, 1))) == struct.pack(">BBH", 4, 2, 0x0104)

    def test_an_unknown_output_is_refused_and_named(self, master: Any) -> None:
        assert master.write(OUTPUTS, 0b1_0000) == b"\x90\x03"
        with pytest.raises(ValueError, match="outputs 1 to 4, not 5"):
            master.farm.terminal(TERMINAL).output_closed(5)

    def test_a_model_without_outputs_has_none(self, bench: Any) -> None:
        with pytest.raises(ValueError, match="no outputs, not 1"):
            bench.farm.terminal(TERMINAL).output_closed(1)


class TestSettings:
    def test_a_written_address_takes_effect(self, master: Any) -> None:
        assert master.read_registers(ADDRESS, 1) == (1,)
        master.write(ADDRESS, 9)
        assert master.read_registers(ADDRESS, 1, unit=9) == (9,)

    def test_identification_version_baud_and_parity_read(self, master: Any) -> None:
        assert master.read_registers(0, 5) == (0, 0, 1, 3, 0)
        master.write(4, 1)
        assert master.read_registers(4, 1) == (1,)

    @pytest.mark.parametrize("address", [0, 1, CONTACTS, INPUTS])
    def test_other_settings_are_read_only(self, master: Any, address: int) -> None:
        assert master.write(address, 1) == b"\x90\x02"
