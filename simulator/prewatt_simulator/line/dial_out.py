"""Gateways that dial out to a head end, register, and then serve requests.

Owns one outgoing connection per port: registration packet first, a heartbeat packet after a time without sending, and
reconnection with exponential back-off. `gateway` answers the requests; `Envelope` encodes the stream.
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
"""Connects a protocol, made by the first argument on success, to a host and TCP port. Raises OSError on failure."""

_JITTER = (0.5, 1.0)
"""Random factor of a wait, so that the gateways of a head end that restarts do not all reconnect at one moment."""

SENT_BYTES_MAX = 65_536
"""Bytes of a call kept for fault `replay-session`."""


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
        """Dial, and dial again after each end, until cancelled.

        The wait doubles from `retry_s` to `retry_max_s` with each call in a row on which the head end sent nothing.
        """
        dial, failures = self._dial, 0
        while True:
            failures = 0 if await self._call() else failures + 1
            # a call on which the head end sent nothing counts as a failure: accepting and closing must not cause a storm of calls
            wait_s = min(dial.retry_s * 2.0 ** max(failures - 1, 0), dial.retry_max_s)
            await self._clock.sleep(wait_s * self._rng.uniform(*_JITTER))

    async def _call(self) -> bool:
        """Make one call and wait for its end; return whether the head end sent anything."""
        dial, bus = self._dial, self._bus
        if bus.faults.down((bus.gateway, bus.port), self._clock.time()) is not None:
            return False  # it is rebooting
        try:
            _, call = await self._connect(self._connected, dial.host, dial.tcp)
        except OSError:
            self._line.note(f"nobody at {dial.host}:{dial.tcp}")
            return False
        assert isinstance(call, DialledConnection)
        if call.hit is not None and call.hit.fault.kind == FaultKind.REPLAY_SESSION:
            await self._replay_beside(call, ReplayingPeer(self._sent))
        else:
            await call.ended.wait()
        self._sent = call.sent
        return call.answered

    def _connected(self) -> "DialledConnection":
        """Build the protocol of a call that was accepted, with the fault rule on calls applied."""
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

    async def _replay_beside(self, call: "DialledConnection", replaying: "ReplayingPeer") -> None:
        """Open a second connection with a replaying peer, and close it when the call ends."""
        try:
            with contextlib.suppress(OSError):
                await self._connect(lambda: replaying, self._dial.host, self._dial.tcp)
            await call.ended.wait()
        finally:
            replaying.abort()


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
        self._heartbeat_task: asyncio.Task[None] | None = None
        self.answered = False
        """Whether the head end has sent anything."""
        self.ended = asyncio.Event()
        self.sent: list[bytes] = []
        """Bytes sent, at least the first `SENT_BYTES_MAX` of them."""
        self._sent_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        encoding = _EncodingTransport(transport, self._envelope, self._note_sent)
        if self._registration:
            encoding.write(self._registration)
        if self._heartbeat and self._heartbeat_s:
            self._heartbeat_task = asyncio.get_running_loop().create_task(self._send_heartbeats(encoding))
        super().connection_made(encoding)

    def _note_sent(self, data: bytes) -> None:
        self._idle_timer.interrupt()
        if self._sent_bytes < SENT_BYTES_MAX:
            self.sent.append(data)
            self._sent_bytes += len(data)

    def data_received(self, data: bytes) -> None:
        self.answered = True
        for carried in self._envelope.feed(data):
            super().data_received(carried)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._heartbeat_task is not None:
            self._heartbeat_task.cancel()
        super().connection_lost(exc)
        self.ended.set()

    async def _send_heartbeats(self, transport: asyncio.Transport) -> None:
        while True:
            await self._idle_timer.reaches(self._heartbeat_s)
            transport.write(self._heartbeat)


class ReplayingPeer(asyncio.Protocol):
    """Peer of fault `replay-session`: sends the bytes of an earlier call again and ignores input."""

    def __init__(self, sent: Iterable[bytes]) -> None:
        self._sent = sent
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        for data in self._sent:
            transport.write(data)

    def abort(self) -> None:
        """Drop its connection, if it has one."""
        if self._transport is not None:
            self._transport.abort()


class _EncodingTransport(asyncio.Transport):
    """Transport that encodes every write with the envelope and reports the bytes to `left`."""

    def __init__(
        self, transport: asyncio.Transport, envelope: Envelope, left: Callable[[bytes], None]
    ) -> None:
        super().__init__()
        self._transport = transport
        self._envelope = envelope
        self._note_sent = left

    def write(self, data: bytes | bytearray | memoryview) -> None:
        wrapped = self._envelope.wrap(bytes(data))
        self._note_sent(wrapped)
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
