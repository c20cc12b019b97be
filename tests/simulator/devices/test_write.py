"""Function 10H, and requests that a meter refuses."""

import struct
from typing import Any

import pytest

from prewatt_fixtures.wire.pdu import read_holding, write_multiple


@pytest.fixture
def master(master_of: Any, opened: Any) -> Any:
    return master_of(opened)


def test_a_write_shows_in_the_next_frame(master: Any) -> None:
    assert master.read_registers(0x0061, 1) == (0,)
    assert master.write(0x0061, 3000) == bytes.fromhex("1000610001")
    assert master.read_registers(0x0061, 1) == (3000,)


def test_the_hoarding_limit_is_written_by_10h(master: Any) -> None:
    assert master.write(0x004C, 0, 50_000) == bytes.fromhex("10004c0002")
    assert master.u32(0x004C) == 50_000
    assert master.u32(0x0410) == 50_000


def test_a_register_without_effect_reads_as_written(master: Any) -> None:
    assert master.write(0x0063, 1) == bytes.fromhex("1000630001")
    assert master.read_registers(0x0063, 1) == (1,)


@pytest.mark.parametrize("address", [0x0000, 0x021F, 0x0221, 0x0401, 0x0414, 0x0046])
def test_a_register_not_writable_by_10h_is_exception_2(master: Any, address: int) -> None:
    before = master.read_registers(address, 2)
    assert master.write(address, 0, 1) == b"\x90\x02"
    assert master.read_registers(address, 2) == before


@pytest.mark.parametrize("address", [0x0020, 0x3000, 0xFFFF])
def test_an_address_without_a_register_is_exception_2(master: Any, address: int) -> None:
    assert master.write(address, 1) == b"\x90\x02"


def test_half_a_register_is_exception_2(master: Any) -> None:
    assert master.write(0x004C, 1) == b"\x90\x02"
    assert master.write(0x004D, 1) == b"\x90\x02"


def test_a_refused_register_refuses_the_whole_frame(master: Any) -> None:
    assert master.write(0x0037, 5, 0) == b"\x90\x03", "CT 0"
    assert master.read_registers(0x0037, 2) == (1, 1)


@pytest.mark.parametrize(
    "request_pdu",
    [
        read_holding(0, 0),
        read_holding(0, 126),
        read_holding(0, 0xFFFF),
        b"\x03",
        b"\x03\x00\x00\x00",
        read_holding(0, 1) + b"\0",
    ],
)
def test_a_bad_read_is_exception_3(master: Any, request_pdu: bytes) -> None:
    assert master.ask(request_pdu) == b"\x83\x03"


@pytest.mark.parametrize(
    "request_pdu",
    [
        struct.pack(">BHHB", 0x10, 0x57, 0, 0),
        struct.pack(">BHHB", 0x10, 0x57, 124, 248) + bytes(248),
        write_multiple(0x57, b"\0\1\0\1")[:-1],
        write_multiple(0x57, b"\0\1\0\1") + b"\0",
        struct.pack(">BHHB", 0x10, 0x57, 3, 4) + bytes(4),
        b"\x10",
    ],
)
def test_a_bad_write_is_exception_3(master: Any, request_pdu: bytes) -> None:
    assert master.ask(request_pdu) == b"\x90\x03"


@pytest.mark.parametrize("function", [0x01, 0x02, 0x04, 0x05, 0x06, 0x0F, 0x11, 0x2B, 0x64])
def test_another_function_is_exception_1_on_its_own_code(master: Any, function: int) -> None:
    assert master.ask(bytes((function, 0, 0, 0, 1))) == bytes((function | 0x80, 1))


def test_function_20h_is_unknown_to_a_meter_without_credit(master_of: Any) -> None:
    master = master_of({"model": '"DTSD1352-C"'})
    assert master.ask(bytes.fromhex("20010000040800001388000700 00")) == b"\xa0\x01"
