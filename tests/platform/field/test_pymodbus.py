"""The promise about late answers, against pymodbus's own server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from prewatt_platform.field.errors import NoReply
from prewatt_platform.field.messages import BusAddress

pytestmark = pytest.mark.anyio

SLOW = 100
"""A read from here is answered when the test says so, all others at once."""


class Peer:
    """pymodbus's server over registers that hold their own addresses."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.heard = asyncio.Event()
        self.release = asyncio.Event()
        self.answered = asyncio.Event()

    async def action(
        self, _function: int, _start: int, address: int, _count: int, _registers: list[int], _values: Any
    ) -> None:
        self.asked.append(address)
        if address == SLOW and not self.release.is_set():
            self.heard.set()
            await self.release.wait()
            self.answered.set()


@asynccontextmanager
async def _pymodbus(framing: str) -> AsyncIterator[tuple[BusAddress, Peer]]:
    peer = Peer()
    device = SimDevice(
        1, simdata=SimData(0, values=list(range(300)), datatype=DataType.REGISTERS), action=peer.action
    )
    framer = FramerType.RTU if framing == "rtu" else FramerType.SOCKET
    server = ModbusTcpServer(device, framer=framer, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    try:
        listener: Any = server.transport
        tcp = listener.sockets[0].getsockname()[1]
        yield BusAddress("127.0.0.1", tcp, "rtu" if framing == "rtu" else "tcp"), peer
    finally:
        peer.release.set()
        await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus leaves it unannotated


async def test_reads_what_pymodbus_serves(wire: Any) -> None:
    async with _pymodbus(wire.framing) as (bus, _peer):
        master, station = wire.master(bus), wire.station(bus)
        for start, count in [(0, 1), (150, 60), (200, 2)]:
            reply = await master.exchange(station, wire.read(start, count))
            assert reply[2:] == wire.registers(start, count)


@pytest.mark.parametrize("released", ["before the next question", "with the next question on the line"])
async def test_late_answer_is_never_the_next_ones(wire: Any, released: str) -> None:
    """Unit, function and count alike; pymodbus would send the old data under the new transaction number."""
    async with _pymodbus(wire.framing) as (bus, peer):
        master, station = wire.master(bus), wire.station(bus)
        first = asyncio.create_task(master.exchange(station, wire.read(SLOW, 2)))
        await peer.heard.wait()
        wire.give_up.set()
        with pytest.raises(NoReply):
            await first
        if released == "before the next question":
            peer.release.set()
            await peer.answered.wait()
        second = asyncio.create_task(master.exchange(station, wire.read(200, 2)))
        peer.release.set()
        assert (await second)[2:] == wire.registers(200, 2)
        assert peer.asked == [0, SLOW, 0, 200]
