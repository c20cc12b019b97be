"""Gateways that dial out: they connect to a head end, say who they are, and are then asked like any other.

Owns one connection per port: registration first, a heartbeat when nothing was sent for a while, and another call, later
and later, when it ends. What is said over it is the gateway's business; how it is wrapped, the envelope's.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable

from prewatt_fixtures.clock import Clock
from prewatt_fixtures.site import SiteDial
from prewatt_fixtures.wire.envelope import Envelope, Plain
from prewatt_simulator.between import Between, Quiet
from prewatt_simulator.bus import Bus
from prewatt_simulator.gateway import Connection, Line

Connect = Callable[[Callable[[], asyncio.Protocol], str, int], Awaitable[object]]
"""Connects a new protocol to a host and TCP port; OSError when nobody is there."""

_JITTER = (0.5, 1.0)
"""Which part of a wait is waited, by chance: many gateways that lose one head end do not come back in one moment."""


class Dialler:
    """One port of a gateway that dials out."""

    def __init__(
        self,
        bus: Bus,
        line: Line,
        connection: type[Connection],
        dial: SiteDial,
        clock: Clock,
        seed: int,
        connect: Connect,
    ) -> None:
        self._bus = bus
        self._line = line
        self._connection = connection
        self._dial = dial
        self._clock = clock
        self._connect = connect
        self._rng = random.Random(f"{seed}/{bus.gateway}/{bus.port}/dial")

    async def run(self) -> None:
        """Call, and call again, for ever."""
        dial, failures = self._dial, 0
        while True:
            failures = 0 if await self._call() else failures + 1
            wait_s = min(dial.retry_s * 2.0 ** max(failures - 1, 0), dial.retry_max_s)
            await self._clock.sleep(wait_s * self._rng.uniform(*_JITTER))

    async def _call(self) -> bool:
        """Whether somebody was there who said something."""
        dial, bus = self._dial, self._bus
        if bus.faults.down((bus.gateway, bus.port), self._clock.time()) is not None:
            return False
        call = DialledConnection(
            self._connection(self._line),
            Plain(),
            registration=dial.packet(dial.registration, bus.gateway, bus.port),
            heartbeat=dial.packet(dial.heartbeat, bus.gateway, bus.port),
            heartbeat_s=dial.heartbeat_s,
            clock=self._clock,
        )
        try:
            await self._connect(lambda: call, dial.host, dial.tcp)
        except OSError:
            self._line.note(f"nobody at {dial.host}:{dial.tcp}")
            return False
        self._line.note(f"dialled {dial.host}:{dial.tcp}")
        await call.ended.wait()
        return call.heard


class DialledConnection(Between):
    """One call, from registration to its end."""

    def __init__(
        self,
        connection: Connection,
        envelope: Envelope,
        *,
        registration: bytes,
        heartbeat: bytes,
        heartbeat_s: float,
        clock: Clock,
    ) -> None:
        super().__init__(connection)
        self._envelope = envelope
        self._registration = registration
        self._heartbeat = heartbeat
        self._heartbeat_s = heartbeat_s
        self._quiet = Quiet(clock)
        self._beating: asyncio.Task[None] | None = None
        self.heard = False
        """Whether the head end has said anything."""
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        wrapping = _Wrapping(transport, self._envelope, self._quiet)
        if self._registration:
            wrapping.write(self._registration)
        if self._heartbeat and self._heartbeat_s:
            self._beating = asyncio.get_running_loop().create_task(self._beat(wrapping))
        super().connection_made(wrapping)

    def data_received(self, data: bytes) -> None:
        self.heard = True
        for carried in self._envelope.feed(data):
            super().data_received(carried)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._beating is not None:
            self._beating.cancel()
        super().connection_lost(exc)
        self.ended.set()

    async def _beat(self, transport: asyncio.Transport) -> None:
        while True:
            await self._quiet.reaches(self._heartbeat_s)
            transport.write(self._heartbeat)


class _Wrapping(asyncio.Transport):
    """A transport whose every write leaves in an envelope."""

    def __init__(self, transport: asyncio.Transport, envelope: Envelope, quiet: Quiet) -> None:
        super().__init__()
        self._transport = transport
        self._envelope = envelope
        self._quiet = quiet

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._quiet.interrupt()
        self._transport.write(self._envelope.wrap(bytes(data)))

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()
