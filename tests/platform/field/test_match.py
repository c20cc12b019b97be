"""Whose answer is it: no exchange ever returns what was meant for another."""

import asyncio
from typing import Any

import pytest

from prewatt_platform.field.errors import LinkLost, MeterRefused, NoReply

pytestmark = pytest.mark.anyio

FIRST = (100, 2)
SECOND = (200, 2)


async def test_late_answer_handed_to_the_next_connection_is_not_taken(wire: Any) -> None:
    """A serial server keeps the first answer, and sends it before whatever comes next, wherever that comes."""
    held: list[bytes] = []

    async def script(asked: Any) -> None:
        if not held and len(server.asked) == 1:
            held.append(asked.frame())
            wire.give_up.set()
            return
        asked.write(b"".join(held) + asked.frame())
        held.clear()

    async with wire.serve(script) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        with pytest.raises(NoReply):
            await master.exchange(station, wire.read(*FIRST))
        reply = await master.exchange(station, wire.read(*SECOND))
        assert reply[2:] == wire.registers(*SECOND)
        assert server.reads == [FIRST, (0, 1), SECOND]
        assert [asked.link for asked in server.asked] == [0, 1, 1]
        assert master.traffic.strays == 1


async def test_gateway_that_gives_a_late_answer_the_next_number_is_not_believed(wire: Any) -> None:
    """A gateway that is one answer behind for good is refused for good, and never believed once."""
    behind: list[bytes] = []

    async def script(asked: Any) -> None:
        behind.append(wire.answer(asked.pdu))
        if len(behind) > 1:
            asked.write(asked.frame(behind.pop(0)))
        wire.give_up.set()

    async with wire.serve(script) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        for start in range(100, 120):
            with pytest.raises(NoReply):
                await master.exchange(station, wire.read(start, 2))
        probes = [count for start, count in server.reads if start == 0]
        assert len(probes) == 19
        assert probes[:15] == [1, *range(3, 17)]


async def test_unit_that_comes_back_is_believed_after_one_probe(wire: Any) -> None:
    """All answers withheld so far come at once, in order, before the probe's own."""
    held: list[bytes] = []

    async def script(asked: Any) -> None:
        held.append(asked.frame())
        if len(held) < 4:
            wire.give_up.set()
            return
        asked.write(b"".join(held))
        held.clear()
        held.extend((b"", b"", b""))

    async with wire.serve(script) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        for _ in range(3):
            with pytest.raises(NoReply):
                await master.exchange(station, wire.read(*FIRST))
        reply = await master.exchange(station, wire.read(*SECOND))
        assert reply[2:] == wire.registers(*SECOND)
        assert [count for start, count in server.reads if start == 0] == [1, 3, 4]


async def test_late_exception_is_not_taken_for_the_probes_answer(wire: Any) -> None:
    """Exceptions look alike, so after one the next probe decides, and the first probe's answer is dropped."""
    held: list[bytes] = []

    async def script(asked: Any) -> None:
        match len(server.asked):
            case 1:
                held.append(asked.frame(bytes((0x83, 0x02))))
                wire.give_up.set()
            case 2:
                asked.write(asked.frame(bytes((0x83, 0x02))))
                held[:] = [asked.frame()]
            case _:
                asked.write(b"".join(held) + asked.frame())
                held.clear()

    async with wire.serve(script) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        with pytest.raises(NoReply):
            await master.exchange(station, wire.read(*FIRST))
        reply = await master.exchange(station, wire.read(*SECOND))
        assert reply[2:] == wire.registers(*SECOND)
        assert server.reads == [FIRST, (0, 1), (0, 3), SECOND]


async def test_probe_that_meets_only_exceptions_gives_up_and_the_request_is_not_sent(wire: Any) -> None:
    async def script(asked: Any) -> None:
        if len(server.asked) == 1:
            wire.give_up.set()
        else:
            asked.write(asked.frame(bytes((0x83, 0x04))))

    async with wire.serve(script) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        with pytest.raises(NoReply):
            await master.exchange(station, wire.read(*FIRST))
        with pytest.raises(MeterRefused) as refused:
            await master.exchange(station, bytes.fromhex("10 0057 0002 04 0001 0001"))
        assert not refused.value.may_have_been_applied
        assert {asked.pdu[0] for asked in server.asked} == {0x03}
        assert len(server.asked) == 4


async def test_question_left_open_by_a_dead_process_is_not_answered_to_this_one(wire: Any) -> None:
    """The serial server still holds an answer of the shape that is asked for first."""

    async def script(asked: Any) -> None:
        late = asked.frame(wire.answer(wire.read(*FIRST))) if len(server.asked) == 1 else b""
        asked.write(late + asked.frame())

    async with wire.serve_from_the_first(script) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        reply = await master.exchange(station, wire.read(*SECOND))
        assert reply[2:] == wire.registers(*SECOND)
        assert server.reads == [(0, 1), SECOND]


async def test_other_units_of_the_bus_are_not_probed(wire: Any) -> None:
    async def script(asked: Any) -> None:
        if asked.unit == 1:
            wire.give_up.set()
        else:
            asked.write(asked.frame())

    async with wire.serve(script) as server:
        master = wire.master(server.bus)
        with pytest.raises(NoReply):
            await master.exchange(wire.station(server.bus, 1), wire.read(*FIRST))
        reply = await master.exchange(wire.station(server.bus, 2), wire.read(*SECOND))
        assert reply[2:] == wire.registers(*SECOND)
        assert server.reads == [FIRST, SECOND]


async def test_bytes_that_nobody_asked_for_are_counted_and_dropped(wire: Any) -> None:
    """A whole sound frame that would fit the next request, sent while nothing is asked, is still no answer."""

    async def script(asked: Any) -> None:
        asked.write(asked.frame())

    async with wire.serve(script) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        await master.exchange(station, wire.read(*FIRST))
        asked = server.asked[0]
        asked.write(asked.frame(tag=asked.tag + 1))
        reply = await master.exchange(station, wire.read(*SECOND))
        assert reply[2:] == wire.registers(*SECOND)
        assert master.traffic.strays == 1
        assert master.traffic.connects == 1


@pytest.mark.parametrize("wrong", ["unit", "function", "length", "echo", "frame"])
async def test_frame_that_does_not_fit_is_no_answer(wire: Any, wrong: str) -> None:
    write = bytes.fromhex("10 0057 0002 04 0001 0001")

    def spoilt(asked: Any) -> bytes:
        match wrong:
            case "unit":
                return bytes(asked.frame(unit=2))
            case "function":
                return bytes(asked.frame(b"\x04" + wire.answer(asked.pdu)[1:]))
            case "length":
                return bytes(asked.frame(wire.answer(wire.read(100, 3))))
            case "echo":
                return bytes(asked.frame(bytes.fromhex("10 0058 0002")))
            case _ if asked.framing == "rtu":
                return bytes(asked.frame())[:-1] + b"\0"
            case _:
                return bytes(asked.frame(tag=asked.tag + 1))

    async def script(asked: Any) -> None:
        asked.write(spoilt(asked))
        wire.give_up.set()

    async with wire.serve(script) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        with pytest.raises(NoReply) as silent:
            await master.exchange(station, write if wrong == "echo" else wire.read(*FIRST))
        assert silent.value.may_have_been_applied is (wrong == "echo")
        assert master.traffic.replies == 1, "to the greeting"


async def test_answer_in_pieces_behind_noise_is_found(wire: Any) -> None:
    async def script(asked: Any) -> None:
        noise = b"\x00\xff" if asked.framing == "rtu" else b""
        for byte in noise + asked.frame():
            asked.write(bytes((byte,)))
            await asyncio.sleep(0)

    async with wire.serve(script) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        reply = await master.exchange(station, wire.read(*FIRST))
        assert reply[2:] == wire.registers(*FIRST)


@pytest.mark.parametrize("wire", ["tcp"], indirect=True)
async def test_stream_that_is_no_modbus_tcp_is_a_lost_link(wire: Any) -> None:
    async def script(asked: Any) -> None:
        asked.write(b"HTTP/1.1 400 Bad Request\r\n")

    async with wire.serve(script) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        with pytest.raises(LinkLost, match="protocol"):
            await master.exchange(station, wire.read(*FIRST))


@pytest.mark.parametrize("wire", ["tcp"], indirect=True)
async def test_gateway_that_gave_a_meter_up_leaves_that_meter_in_doubt(wire: Any) -> None:
    """The meter may still answer the gateway, which may take that for the next answer."""

    async def script(asked: Any) -> None:
        asked.write(asked.frame(bytes((0x83, 0x0B))) if len(server.asked) == 1 else asked.frame())

    async with wire.serve(script) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        with pytest.raises(MeterRefused):
            await master.exchange(station, wire.read(*FIRST))
        await master.exchange(station, wire.read(*SECOND))
        assert server.reads == [FIRST, (0, 1), SECOND]
        assert len(server.links) == 1
