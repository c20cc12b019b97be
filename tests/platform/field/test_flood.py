"""A peer that never stops sending ends its own connection, and delays nobody else."""

import asyncio
import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_fixtures.clock import RealClock
from prewatt_fixtures.endpoints import Framing
from prewatt_fixtures.profile import Block
from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_platform.field.errors import FieldError, LinkLost
from prewatt_platform.field.master import EXCHANGE_BYTES_MAX, Master, Station
from prewatt_platform.field.messages import BusAddress, MeterAddress
from prewatt_platform.field.settings import FieldSettings

PIECES_MAX = 2000
"""What the peer would send if nobody cut it off: 128 MB."""


class Flood:
    """Sends frames that answer nobody, as fast as they are taken."""

    def __init__(self, framing: str) -> None:
        stray = bytes.fromhex("030401020304")
        frame = rtu.encode(9, stray) if framing == "rtu" else mbap.encode(0xFFFF, 9, stray)
        self._piece = frame * (64 * 1024 // len(frame))
        self.taken = 0
        self.cut = 0

    async def __call__(self, asked: Any) -> None:
        writer = asked._writer
        try:
            for _ in range(PIECES_MAX):
                writer.write(self._piece)
                await writer.drain()
                self.taken += len(self._piece)
        except ConnectionError:
            self.cut += 1


@pytest.mark.anyio
async def test_the_exchange_ends_by_bytes_and_others_get_their_turn(wire: Any) -> None:
    flood = Flood(wire.framing)
    turns = 0

    async def bystander() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with wire.serve(flood) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        beside = asyncio.create_task(bystander())
        before = turns
        with pytest.raises(LinkLost, match=f"more than {EXCHANGE_BYTES_MAX} bytes came, and no reply"):
            await master.exchange(station, wire.read(100, 2))
        assert turns - before >= EXCHANGE_BYTES_MAX // 4096, "a turn after every read"
        beside.cancel()
        async with asyncio.timeout(30):
            while not flood.cut:  # noqa: ASYNC110 - the peer sets no event
                await asyncio.sleep(0.01)
    assert flood.taken < 64 * 1024 * 1024, "cut long before its end"


@pytest.mark.anyio
async def test_bytes_that_wait_before_a_request_are_bounded_too(wire: Any) -> None:
    """The flood begins after an answer: the next request finds no end of bytes, and takes a new connection."""
    flood: asyncio.Task[None] | None = None

    async def script(asked: Any) -> None:
        nonlocal flood
        asked.write(asked.frame())
        if flood is None:
            flood = asyncio.create_task(Flood(wire.framing)(asked))

    async with wire.serve(script) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        await master.exchange(station, wire.read(100, 2))
        assert flood is not None
        await asyncio.sleep(0.2)
        reply = await master.exchange(station, wire.read(200, 2))
        assert reply[2:] == wire.registers(200, 2)
        assert len({asked.link for asked in server.asked}) == 2
        flood.cancel()


class Segments:
    """A connection that brings these segments after every request, again and again, and never waits."""

    def __init__(self, segments: list[bytes]) -> None:
        self._segments = segments
        self._next = 0
        self.taken = 0

    async def connect(self, _host: str, _tcp: int) -> "Segments":
        return self

    async def write(self, _data: bytes) -> None:
        self.taken = 0

    async def read(self) -> bytes:
        data = self._segments[self._next % len(self._segments)]
        self._next += 1
        self.taken += len(data)
        assert self.taken <= EXCHANGE_BYTES_MAX + len(data), "more than the bound, and still reading"
        return data

    def arrived(self) -> bytes:
        return b""

    def close(self) -> None:
        pass


segments = st.lists(
    st.builds(lambda piece, times: piece * times, st.binary(min_size=1, max_size=40), st.integers(10, 100)),
    min_size=1,
    max_size=10,
)


@pytest.mark.parametrize("framing", ["rtu", "tcp"])
@settings(max_examples=30)
@given(brought=segments)
def test_whatever_never_ends_an_exchange_takes_no_more_than_the_bound(
    framing: Framing, brought: list[bytes]
) -> None:
    bus, peer = BusAddress("in memory", 1, framing), Segments(brought)
    station = Station(MeterAddress(bus, 1, "DTSD1352-C", "0000010101"), Block(start=0, count=100))

    async def ask() -> None:
        with contextlib.suppress(FieldError):
            await Master(bus, RealClock(), FieldSettings(timeout_s=60), peer.connect).exchange(
                station, read_holding(0, 2)
            )

    asyncio.run(ask())
