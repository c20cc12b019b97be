"""Gateways that dial out to a head end, register, and then serve requests.

Owns one connection per port: registration first, a heartbeat when nothing was sent for a while, and another call, later
and later, when it ends. What is said over it is the gateway's business; how it is wrapped, the envelope's.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Iterable

from prewatt_fixtures.clock import Clock
from prewatt_fixtures.site import SiteDial
from prewatt_fixtures.wire.envelope import Envelope, Plain
from prewatt_simulator.faults import FaultHandle, FaultKind
from prewatt_simulator.line.bus import Bus
from prewatt_simulator.line.gateway import Connection, Line
from prewatt_simulator.line.protocol_wrapper import IdleTimer, ProtocolWrapper

Connect = Callable[[Callable[[], asyncio.Protocol], str, int], Awaitable[tuple[object, asyncio.BaseProtocol]]]
"""Connects a new protocol, made once somebody is there, to a host and TCP port; OSError when nobody is."""

_JITTER = (0.5, 1.0)
"""Which part of a wait is waited, by chance: many gateways that lose one head end do not come back in one moment."""

SAID_BYTES_MAX = 65_536
"""How much of a call is remembered, for those who replay it."""


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
        self._sent: list[bytes] = []

    async def run(self) -> None:
        """Dial, and dial again after each end, until cancelled."""
        dial, failures = self._dial, 0
        while True:
            failures = 0 if await self._call() else failures + 1
            wait_s = min(dial.retry_s * 2.0 ** max(failures - 1, 0), dial.retry_max_s)
            await self._clock.sleep(wait_s * self._rng.uniform(*_JITTER))

    async def _call(self) -> bool:
        """Whether the head end answered."""
        dial, bus = self._dial, self._bus
        if bus.faults.down((bus.gateway, bus.port), self._clock.time()) is not None:
            return False
        try:
            _, call = await self._connect(self._pick_up, dial.host, dial.tcp)
        except OSError:
            self._line.note(f"nobody at {dial.host}:{dial.tcp}")
            return False
        assert isinstance(call, DialledConnection)
        if call.hit is not None and call.hit.fault.kind == FaultKind.REPLAY_SESSION:
            await self._stay_beside(call, EchoingPeer(self._sent))
        else:
            await call.ended.wait()
        self._sent = call.sent
        return call.heard

    def _pick_up(self) -> "DialledConnection":
        """The head end accepted the connection."""
        dial, bus, called_before = self._dial, self._bus, bool(self._sent)
        hit = bus.faults.call_hit(bus.gateway, bus.port, self._clock.time(), called_before=called_before)
        claimed = bus.gateway if hit is None else hit.fault.claims or bus.gateway
        fault = None if hit is None else hit.name
        self._line.note(f"dialled {dial.host}:{dial.tcp} as {claimed}", fault)
        return DialledConnection(
            self._connection(self._line),
            Plain(),
            registration=dial.packet(dial.registration, claimed, bus.port),
            heartbeat=dial.packet(dial.heartbeat, claimed, bus.port),
            heartbeat_s=dial.heartbeat_s,
            clock=self._clock,
            hit=hit,
        )

    async def _stay_beside(self, call: "DialledConnection", parrot: "EchoingPeer") -> None:
        """Run a replaying peer beside the call until it ends."""
        try:
            with contextlib.suppress(OSError):
                await self._connect(lambda: parrot, self._dial.host, self._dial.tcp)
            await call.ended.wait()
        finally:
            parrot.hang_up()


class DialledConnection(ProtocolWrapper):
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
        hit: FaultHandle | None,
    ) -> None:
        super().__init__(connection)
        self.hit = hit
        self._envelope = envelope
        self._registration = registration
        self._heartbeat = heartbeat
        self._heartbeat_s = heartbeat_s
        self._idle_timer = IdleTimer(clock)
        self._beating: asyncio.Task[None] | None = None
        self.heard = False
        """Whether the head end has said anything."""
        self.ended = asyncio.Event()
        self.sent: list[bytes] = []
        """What has left, up to a size."""
        self._said_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        wrapping = _EncodingTransport(transport, self._envelope, self._left)
        if self._registration:
            wrapping.write(self._registration)
        if self._heartbeat and self._heartbeat_s:
            self._beating = asyncio.get_running_loop().create_task(self._beat(wrapping))
        super().connection_made(wrapping)

    def _left(self, data: bytes) -> None:
        self._idle_timer.interrupt()
        if self._said_bytes < SAID_BYTES_MAX:
            self.sent.append(data)
            self._said_bytes += len(data)

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
            await self._idle_timer.reaches(self._heartbeat_s)
            transport.write(self._heartbeat)


class EchoingPeer(asyncio.Protocol):
    """A replaying peer: sends the bytes of an earlier call again and ignores input."""

    def __init__(self, sent: Iterable[bytes]) -> None:
        self._sent = sent
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        for data in self._sent:
            transport.write(data)

    def hang_up(self) -> None:
        """End it, if it is not over."""
        if self._transport is not None:
            self._transport.abort()


class _EncodingTransport(asyncio.Transport):
    """A transport whose every write leaves in an envelope."""

    def __init__(
        self, transport: asyncio.Transport, envelope: Envelope, left: Callable[[bytes], None]
    ) -> None:
        super().__init__()
        self._transport = transport
        self._envelope = envelope
        self._left = left

    def write(self, data: bytes | bytearray | memoryview) -> None:
        wrapped = self._envelope.wrap(bytes(data))
        self._left(wrapped)
        self._transport.write(wrapped)

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
