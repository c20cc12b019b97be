"""Malformed bytes: no exception in the server, bounded memory, and the next valid frame is answered."""

import asyncio
import contextlib
import random
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from campaigns.malformed import junk_segments

from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import read_holding

pytestmark = pytest.mark.anyio

FRAMES = 4_000
"""Over real sockets; `tests/campaigns` sends many more in memory."""


@pytest.mark.parametrize("framing", ["rtu", "tcp"])
async def test_any_bytes_leave_the_server_answering(
    master_of: Any, opened: Any, connected: Any, framing: Any
) -> None:
    master = master_of(opened, opened)
    errors: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: errors.append(context))
    junk = junk_segments(framing, random.Random(20211228))
    segments = (data for data, _ in islice(junk, FRAMES))
    async with master.farm.serving(framing=framing) as endpoints:
        while not await _sent(segments, endpoints[0], connected):
            pass
        master.farm.reset_devices()  # some of the junk was a sound change of address
        await _answers_well(endpoints[0], framing, connected)
    assert errors == []
    assert len(master.farm.journal) > FRAMES // 10, "enough of it was well-formed to reach the meters"


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
    master_of: Any, opened: Any, connected: Any
) -> None:
    master, rng = master_of(opened), random.Random(7)
    async with (
        master.farm.serving() as endpoints,
        connected(endpoints[0]) as noisy,
        connected(endpoints[0]) as quiet,
    ):
        for _ in range(200):
            noisy.send(rng.randbytes(300))
            quiet.send(rtu.encode(1, read_holding(0x0200, 1)))
            assert await quiet.receive(7) == rtu.encode(1, b"\x03\x02\0\7")
