"""A KJ8 has eight debounced inputs and four outputs with pulse lengths."""

import struct
from typing import Any

import pytest

TERMINAL = "0010010101"
ADDRESS, BAUD, CONTACTS, INPUTS, OUTPUTS, DEBOUNCE, PULSES = 2, 3, 0x0C, 0x10, 0x11, 0x12, 0x14


@pytest.fixture
def desk(desk_of: Any) -> Any:
    """At a quarter of a second past ten, so that no moment below is one at which a meter would measure."""
    desk = desk_of({"model": '"ARTU-KJ8"'})
    desk.clock.advance(10.25)
    return desk


class TestInputs:
    def test_an_input_follows_after_the_debounce_time(self, desk: Any) -> None:
        terminal = desk.farm.terminal(TERMINAL)
        desk.write(DEBOUNCE, 500)
        terminal.set_closed(8, True)
        desk.clock.advance(0.499)
        assert (desk.words(INPUTS, 1), terminal.closed(8)) == ((0,), False)
        desk.clock.advance(0.001)
        assert (desk.words(INPUTS, 1), terminal.closed(8)) == ((0x80,), True)
        assert desk.ask(bytes((2, 0, 0, 0, 8))) == b"\x02\x01\x80"

    def test_a_bouncing_contact_is_ignored(self, desk: Any) -> None:
        terminal = desk.farm.terminal(TERMINAL)
        desk.write(DEBOUNCE, 100)
        for _ in range(3):
            terminal.set_closed(1, True)
            desk.clock.advance(0.099)
            terminal.set_closed(1, False)
            desk.clock.advance(0.099)
        assert desk.words(INPUTS, 1) == (0,)

    @pytest.mark.parametrize("wrong", [0, 1001])
    def test_a_debounce_time_has_its_range(self, desk: Any, wrong: int) -> None:
        assert desk.write(DEBOUNCE, wrong) == b"\x90\x03"
        assert desk.words(DEBOUNCE, 1) == (10,)

    @pytest.mark.parametrize("number", [0, 9])
    def test_there_are_eight_inputs(self, desk: Any, number: int) -> None:
        with pytest.raises(ValueError, match=f"inputs 1 to 8, not {number}"):
            desk.farm.terminal(TERMINAL).set_closed(number, True)
        assert desk.ask(bytes((2, 0, 0, 0, 9))) == b"\x82\x02"


class TestOutputs:
    def test_without_a_pulse_length_an_output_stays(self, desk: Any) -> None:
        terminal = desk.farm.terminal(TERMINAL)
        assert desk.write(OUTPUTS, 0b1001) == bytes((0x10, 0, OUTPUTS, 0, 1))
        desk.clock.advance(86_400)
        assert desk.words(OUTPUTS, 1) == (0b1001,)
        assert [terminal.output_closed(number) for number in (1, 2, 3, 4)] == [True, False, False, True]
        desk.write(OUTPUTS, 0b0001)
        assert desk.words(OUTPUTS, 1) == (0b0001,)

    def test_with_a_pulse_length_it_opens_at_the_exact_moment(self, desk: Any) -> None:
        desk.write(PULSES + 1, 500)
        desk.write(OUTPUTS, 0b0011)
        desk.clock.advance(0.499)
        assert desk.words(OUTPUTS, 1) == (0b0011,)
        assert desk.farm.terminal(TERMINAL).output_closed(2)
        desk.clock.advance(0.001)
        assert not desk.farm.terminal(TERMINAL).output_closed(2)
        assert desk.words(OUTPUTS, 1) == (0b0001,)

    def test_switching_again_restarts_the_pulse(self, desk: Any) -> None:
        desk.write(PULSES, 1000)
        desk.write(OUTPUTS, 1)
        desk.clock.advance(0.6)
        desk.write(OUTPUTS, 1)
        desk.clock.advance(0.6)
        assert desk.words(OUTPUTS, 1) == (1,)
        desk.write(OUTPUTS, 0)
        assert desk.words(OUTPUTS, 1) == (0,)
        desk.clock.advance(0.3)
        desk.write(OUTPUTS, 2)
        desk.clock.advance(0.2)
        assert desk.words(OUTPUTS, 1) == (2,)

    def test_inputs_and_outputs_share_a_register(self, desk: Any) -> None:
        desk.farm.terminal(TERMINAL).set_closed(1, True)
        desk.write(OUTPUTS, 0b0100)
        desk.clock.advance(1)
        assert desk.words(CONTACTS, 1) == (0x0104,)
        assert desk.ask(bytes((4, 0, CONTACTS, 0, 1))) == struct.pack(">BBH", 4, 2, 0x0104)

    def test_an_unknown_output_is_refused_and_named(self, desk: Any) -> None:
        assert desk.write(OUTPUTS, 0b1_0000) == b"\x90\x03"
        with pytest.raises(ValueError, match="outputs 1 to 4, not 5"):
            desk.farm.terminal(TERMINAL).output_closed(5)

    def test_a_model_without_outputs_has_none(self, bench: Any) -> None:
        with pytest.raises(ValueError, match="outputs 1 to 0, not 1"):
            bench.farm.terminal(TERMINAL).output_closed(1)


class TestSettings:
    def test_a_written_address_takes_effect(self, desk: Any) -> None:
        assert desk.words(ADDRESS, 1) == (1,)
        desk.write(ADDRESS, 9)
        assert desk.words(ADDRESS, 1, unit=9) == (9,)

    def test_identification_version_baud_and_parity_read(self, desk: Any) -> None:
        assert desk.words(0, 5) == (0, 0, 1, 3, 0)
        desk.write(4, 1)
        assert desk.words(4, 1) == (1,)

    @pytest.mark.parametrize("address", [0, 1, CONTACTS, INPUTS])
    def test_other_settings_are_read_only(self, desk: Any, address: int) -> None:
        assert desk.write(address, 1) == b"\x90\x02"
