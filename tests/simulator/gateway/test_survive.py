"""Malformed bytes: never an exception out of the server, never growing memory, and the next good frame answered."""

import asyncio
import contextlib
import random
from collections.abc import Iterator
from typing import Any

import pytest
from fastcrc.crc16 import modbus as crc

from prewatt_fixtures.wire import mbap, rtu, vendor
from prewatt_fixtures.wire.pdu import read_holding, write_multiple

pytestmark = pytest.mark.anyio

FRAMES = 10_000


def good_pdus(rng: random.Random) -> bytes:
    return rng.choice(
        [
            read_holding(rng.randrange(0x10000), rng.randrange(0x10000)),
            read_holding(rng.choice([0, 0x0200, 0x0400]), rng.randrange(60)),
            write_multiple(rng.choice([0x0057, 0x0061, 0x2006, 0]), rng.randbytes(2 * rng.randrange(1, 25))),
            vendor.encode_request(vendor.TopUp(rng.randrange(1000), rng.randrange(20))),
            vendor.encode_request(vendor.MoneyControl(remaining_fen=rng.randrange(1000))),
            bytes((rng.randrange(256),)) + rng.randbytes(rng.randrange(250)),
        ]
    )


def mutated(frame: bytes, rng: random.Random) -> bytes:
    data = bytearray(frame)
    for _ in range(rng.randrange(3)):
        where = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0:
                data[where : where + 1] = rng.randbytes(1)
            case 1:
                del data[where : where + rng.randrange(1, 9)]
            case 2:
                data[where:where] = rng.randbytes(rng.randrange(1, 9))
            case 3:
                data += data[where:]
        if not data:
            data += b"\0"
    return bytes(data)


def junk(framing: str, rng: random.Random) -> Iterator[bytes]:
    for _ in range(FRAMES):
        pdu, unit = good_pdus(rng), rng.choice([0, 1, 1, 1, 2, 99, 255])
        if framing == "rtu":
            frame = rtu.encode(unit, pdu)
            body = mutated(frame[:-2], rng)
            yield body + crc(body).to_bytes(2, "little") if rng.random() < 0.5 else mutated(frame, rng)
        else:
            yield mutated(mbap.encode(rng.randrange(0x10000), unit, pdu), rng)


@pytest.mark.parametrize(("framing", "joined"), [("rtu", 1), ("rtu", 40), ("tcp", 1)])
async def test_any_bytes_leave_the_server_standing(
    desk_of: Any, opened: Any, connected: Any, framing: Any, joined: int
) -> None:
    desk, rng = desk_of(opened, opened), random.Random(20211228)
    errors: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: errors.append(context))
    frames = list(junk(framing, rng))
    segments = (b"".join(frames[at : at + joined]) for at in range(0, len(frames), joined))
    async with desk.farm.serving(framing=framing) as endpoints:
        while not await _sent(segments, endpoints[0], connected):
            pass
        await _answers_well(endpoints[0], framing, connected)
    assert errors == []
    assert len(desk.farm.journal) > FRAMES // 10, "enough of it was well-formed to reach the meters"


async def _sent(segments: Iterator[bytes], endpoint: Any, connected: Any) -> bool:
    """Whether all segments are out; False when the server ended the connection, and the rest needs another."""
    async with connected(endpoint) as wire:
        replies = asyncio.create_task(_ignored(wire.reader))
        for segment in segments:
            wire.send(segment)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            if replies.done():
                return False
        wire.writer.write_eof()
        async with asyncio.timeout(10):
            await replies
        return True


async def _ignored(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError):
        while await reader.read(65536):
            pass


async def _answers_well(endpoint: Any, framing: str, connected: Any) -> None:
    request = read_holding(0x0200, 1)
    async with connected(endpoint) as wire:
        if framing == "rtu":
            wire.send(rtu.encode(1, request))
            assert await wire.receive(7) == rtu.encode(1, b"\x03\x02\0\7")
        else:
            wire.send(mbap.encode(5, 1, request))
            assert await wire.receive(11) == mbap.encode(5, 1, b"\x03\x02\0\7")


async def test_one_client_sending_junk_does_not_disturb_another(
    desk_of: Any, opened: Any, connected: Any
) -> None:
    desk, rng = desk_of(opened), random.Random(7)
    async with (
        desk.farm.serving() as endpoints,
        connected(endpoints[0]) as noisy,
        connected(endpoints[0]) as quiet,
    ):
        for _ in range(200):
            noisy.send(rng.randbytes(300))
            quiet.send(rtu.encode(1, read_holding(0x0200, 1)))
            assert await quiet.receive(7) == rtu.encode(1, b"\x03\x02\0\7")
