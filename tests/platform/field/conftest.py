"""Peers for the master: a serial server that does as a test says, and stations and registers to ask for.

Every register of these peers holds its own address, so that an answer shows which question it belongs to.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

import pytest

from prewatt_fixtures.clock import Clock, RealClock
from prewatt_fixtures.endpoints import Framing
from prewatt_fixtures.profile import Block
from prewatt_fixtures.site import load_site
from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire import pdu as modbus
from prewatt_platform.field.field import Field
from prewatt_platform.field.master import Master, Station
from prewatt_platform.field.messages import BusAddress, MeterAddress
from prewatt_platform.field.settings import FieldSettings
from prewatt_platform.field.transport import Connection, tcp_connect
from prewatt_simulator.farm import Farm
from prewatt_simulator.faults import Fault

PATIENT = FieldSettings(timeout_s=20, connect_timeout_s=20)
"""A slow machine is no failure; time-outs are the test's to call, by `Wire.give_up`."""


def registers(start: int, count: int) -> bytes:
    """What registers that hold their own addresses read as."""
    return b"".join(address.to_bytes(2, "big") for address in range(start, start + count))


def answer(request: bytes) -> bytes:
    """The reply PDU of a meter whose registers hold their own addresses."""
    start, count = int.from_bytes(request[1:3], "big"), int.from_bytes(request[3:5], "big")
    if request[0] == modbus.READ_HOLDING:
        return bytes((modbus.READ_HOLDING, 2 * count)) + registers(start, count)
    return request[:5]


@dataclass
class Asked:
    """One request that reached the serial server, and the way back."""

    link: int
    unit: int
    pdu: bytes
    tag: int
    framing: Framing
    _writer: asyncio.StreamWriter

    def frame(self, pdu: bytes | None = None, *, unit: int | None = None, tag: int | None = None) -> bytes:
        """A reply as bytes, right in all that the caller does not change."""
        pdu = answer(self.pdu) if pdu is None else pdu
        unit = self.unit if unit is None else unit
        if self.framing == "rtu":
            return rtu.encode(unit, pdu)
        return mbap.encode(self.tag if tag is None else tag, unit, pdu)

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def hang_up(self) -> None:
        self._writer.close()


Script = Callable[[Asked], Awaitable[None]]


@dataclass
class SerialServer:
    """A TCP server that hands every request to the test's script, one at a time."""

    bus: BusAddress
    asked: list[Asked] = field(default_factory=list)
    links: list[asyncio.StreamWriter] = field(default_factory=list)
    linked: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def reads(self) -> list[tuple[int, int]]:
        """(start, count) of all requests so far."""
        return [(int.from_bytes(a.pdu[1:3], "big"), int.from_bytes(a.pdu[3:5], "big")) for a in self.asked]

    def reset(self, link: int) -> None:
        """Drop a connection the rude way, without a farewell on the line."""
        transport = self.links[link].transport
        transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


@asynccontextmanager
async def _serve(framing: Framing, script: Script, *, greet: bool) -> AsyncIterator[SerialServer]:
    turn = asyncio.Lock()
    unknown_names = set(range(256)) if greet else set()

    async def link(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(server.links)
        server.links.append(writer)
        server.linked.set()
        stream = rtu.RequestStream() if framing == "rtu" else mbap.FrameStream()
        try:
            while data := await reader.read(4096):
                for frame in stream.feed(data):
                    *tags, unit, pdu = frame
                    asked = Asked(number, unit, pdu, tags[0] if tags else 0, framing, writer)
                    if unit in unknown_names:
                        unknown_names.remove(unit)
                        asked.write(asked.frame())
                        continue
                    async with turn:
                        server.asked.append(asked)
                        await script(asked)
        except ConnectionError:
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(link, "127.0.0.1", 0)
    server = SerialServer(BusAddress("127.0.0.1", listener.sockets[0].getsockname()[1], framing))
    try:
        yield server
    finally:
        listener.close()
        for writer in server.links:
            writer.close()
        await asyncio.sleep(0)


@dataclass
class Impatient:
    """A real connection on which a test can call a read off, as the time-out would."""

    inner: Connection
    give_up: asyncio.Event

    async def write(self, data: bytes) -> None:
        await self.inner.write(data)

    async def read(self) -> bytes:
        read = asyncio.ensure_future(self.inner.read())
        called_off = asyncio.ensure_future(self.give_up.wait())
        try:
            await asyncio.wait((read, called_off), return_when=asyncio.FIRST_COMPLETED)
            if read.done():
                return read.result()
            self.give_up.clear()
            raise TimeoutError
        finally:
            called_off.cancel()
            read.cancel()
            await asyncio.gather(read, called_off, return_exceptions=True)

    def arrived(self) -> bytes | None:
        return self.inner.arrived()

    def close(self) -> None:
        self.inner.close()


class Wire:
    """What a test needs of both ends: a scripted serial server, a master, and questions to ask."""

    answer = staticmethod(answer)
    registers = staticmethod(registers)
    read = staticmethod(modbus.read_holding)

    def __init__(self, framing: Framing) -> None:
        self.framing = framing
        self.give_up = asyncio.Event()
        self._masters: list[Master] = []

    def serve(self, script: Script) -> AbstractAsyncContextManager[SerialServer]:
        """A serial server that lets `script` see to each request, but for a unit's first, the master's greeting."""
        return _serve(self.framing, script, greet=True)

    def serve_from_the_first(self, script: Script) -> AbstractAsyncContextManager[SerialServer]:
        """A serial server that lets `script` see to every request."""
        return _serve(self.framing, script, greet=False)

    def master(
        self, bus: BusAddress, settings: FieldSettings = PATIENT, clock: Clock | None = None
    ) -> Master:
        """A master on real sockets, closed when the test ends."""
        self._masters.append(Master(bus, clock or RealClock(), settings, self.connect))
        return self._masters[-1]

    def close(self) -> None:
        """Close all masters."""
        for master in self._masters:
            master.close()

    async def connect(self, host: str, tcp: int) -> Connection:
        return Impatient(await tcp_connect(host, tcp), self.give_up)

    @staticmethod
    def station(bus: BusAddress, unit: int = 1) -> Station:
        """A meter with registers 0 to 99 free for probes."""
        number = f"00000101{unit:02X}"
        return Station(MeterAddress(bus, unit, "DTSD1352-C", number), Block(start=0, count=100))


@pytest.fixture(params=["rtu", "tcp"])
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[Wire]:
    """Both framings, one after the other."""
    wire = Wire(request.param)
    yield wire
    wire.close()


@dataclass
class Rig:
    """A farm on its sockets, and a field that knows where each meter is."""

    farm: Farm
    field: Field
    meters: dict[str, MeterAddress]
    wire: Wire

    async def fault_during(self, fault: Fault, asking: Coroutine[Any, Any, Any]) -> Any:
        """Ask, and call the reply off once the fault has fired, as the time-out would."""
        rule = self.farm.faults.add(fault)
        asked = asyncio.ensure_future(asking)
        while not rule.fired:  # noqa: ASYNC110 - the farm has no event for it
            await asyncio.sleep(0)
        self.wire.give_up.set()
        return await asked


def _rig(framing: Framing) -> Callable[..., AbstractAsyncContextManager[Rig]]:
    @asynccontextmanager
    async def open_rig(name: str = "tiny", clock: Clock | None = None, **numbers: Any) -> AsyncIterator[Rig]:
        site = load_site(name)
        farm = Farm(site, clock=clock)
        wire = Wire(framing)
        async with farm.serving(framing=framing) as endpoints:
            buses = {(e.gateway, e.port): BusAddress(e.host, e.tcp, e.framing) for e in endpoints}
            meters = {
                m.number: MeterAddress(
                    buses[m.gateway, m.port], m.bus_address, m.model, m.number, ct=m.ct, pt=m.pt
                )
                for m in site.energy_meters
            }
            field = Field(farm.clock, settings=replace(PATIENT, **numbers), connect=wire.connect)
            try:
                yield Rig(farm, field, meters, wire)
            finally:
                wire.close()
                await field.close()

    return open_rig


@pytest.fixture(params=["rtu", "tcp"])
def rig(request: pytest.FixtureRequest) -> Callable[..., AbstractAsyncContextManager[Rig]]:
    """Opens a farm of a shipped site with a field before it; over both framings, one after the other."""
    return _rig(request.param)
