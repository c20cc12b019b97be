"""A remote terminal shows its contacts as bits and as a register, in the manual's order."""

from typing import Any

import pytest

from prewatt_simulator.errors import UnknownMeter, WrongDeviceKind

TERMINAL = "0010010101"


def bits(first: int, count: int) -> bytes:
    return bytes((2, 0, first, 0, count))


def test_contacts_are_open_until_they_are_closed(bench: Any) -> None:
    assert bench.ask(bits(0, 32)) == b"\x02\x04" + bytes(4)
    assert bench.read_registers(0x0010, 2) == (0, 0)


def test_a_water_leak_closes_its_contact_at_once(bench: Any) -> None:
    leak = bench.farm.terminal(TERMINAL)
    assert bench.read_registers(0x0010, 2) == (0, 0)
    leak.set_closed(5, True)
    assert leak.closed(5)
    assert bench.ask(bits(4, 1)) == b"\x02\x01\x01"
    assert bench.read_registers(0x0010, 2) == (0, 1 << 4)
    leak.set_closed(5, False)
    assert not leak.closed(5)
    assert bench.ask(bits(4, 1)) == b"\x02\x01\x00"


def test_the_first_input_is_the_lowest_bit_of_the_first_byte(bench: Any) -> None:
    for number in (1, 2, 11, 32):
        bench.farm.terminal(TERMINAL).set_closed(number, True)
    assert bench.ask(bits(0, 32)) == bytes.fromhex("020403040080")
    assert bench.ask(bits(1, 10)) == bytes.fromhex("02020102")
    assert bench.read_registers(0x0010, 2) == (0x8000, 0x0403)


def test_the_manuals_example_of_two_closed_inputs(bench: Any) -> None:
    for number in (1, 2):
        bench.farm.terminal(TERMINAL).set_closed(number, True)
    assert bench.ask(bytes((3, 0, 0x10, 0, 2))) == bytes.fromhex("030400000003")


def test_function_04_reads_what_03_reads(bench: Any) -> None:
    bench.farm.terminal(TERMINAL).set_closed(17, True)
    for address, count in ((0x10, 2), (0x11, 1), (0x05, 4)):
        holding, by_input = (bench.ask(bytes((f, 0, address, 0, count))) for f in (3, 4))
        assert (holding[0], by_input[0]) == (3, 4)
        assert holding[1:] == by_input[1:]
    assert bench.ask(bytes((4, 0, 0, 0, 1))) == b"\x84\x02"
    assert bench.ask(bytes((4, 0, 0x10, 0, 126))) == b"\x84\x03"


def test_the_clock_keeps_the_bytes_that_were_written(bench: Any) -> None:
    assert bench.write(0x0005, 0x1214, 0x1021, 0x0907, 0x0001) == bytes((0x10, 0, 5, 0, 4))
    assert bench.read_registers(0x0005, 4) == (0x1214, 0x1021, 0x0907, 0x0001)


@pytest.mark.parametrize(
    ("request_pdu", "reply"),
    [
        (bits(32, 1), b"\x82\x02"),
        (bits(31, 2), b"\x82\x02"),
        (bits(0, 0), b"\x82\x03"),
        (bytes((2, 0, 0, 0x07, 0xD1)), b"\x82\x03"),
        (bytes((2, 0, 0)), b"\x82\x03"),
        (bytes((2,)), b"\x82\x03"),
        (bytes((1, 0, 0, 0, 1)), b"\x81\x01"),
        (bytes((6, 0, 5, 0, 1)), b"\x86\x01"),
    ],
)
def test_unknown_requests_are_refused(bench: Any, request_pdu: bytes, reply: bytes) -> None:
    assert bench.ask(request_pdu) == reply


def test_other_devices_have_no_inputs(bench: Any) -> None:
    assert bench.ask(bits(0, 1), unit=2) == b"\x82\x01"
    assert bench.ask(bits(0, 1), unit=3) == b"\x82\x01"


@pytest.mark.parametrize("number", [0, 33])
def test_an_unknown_input_is_named(bench: Any, number: int) -> None:
    with pytest.raises(ValueError, match=f"inputs 1 to 32, not {number}"):
        bench.farm.terminal(TERMINAL).set_closed(number, True)


def test_a_device_of_another_kind_is_named(bench: Any) -> None:
    with pytest.raises(
        WrongDeviceKind, match="0010010101 is a ARTU-K, a remote-terminal and no energy-meter"
    ):
        bench.farm.meter(TERMINAL)
    with pytest.raises(WrongDeviceKind, match="no water-meter"):
        bench.farm.water_meter(TERMINAL)
    with pytest.raises(UnknownMeter):
        bench.farm.terminal("0010010177")
