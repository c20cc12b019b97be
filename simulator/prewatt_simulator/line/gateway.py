"""The serial server: TCP connections on one side, one bus on the other, one frame in flight on it.

`Line` is the queue of one bus, shared by all connections to it. While nothing takes time (wire timing off, no fault
that delays) a request is answered where it was received, without a task; otherwise requests wait their turn for a
worker that lives as long as there is something to wait for. A connection turns bytes into requests and replies into
bytes; RTU over TCP and Modbus TCP differ in nothing else. Faults behind the bus are carried out by `reply_writer`.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable
from typing import Any, cast

from prewatt_fixtures.clock import Clock
from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import ExceptionCode, exception
from prewatt_simulator.faults import FaultKind
from prewatt_simulator.journal.exchange_outcome import ExchangeOutcome
from prewatt_simulator.journal.journal import OVERLAP, Happening
from prewatt_simulator.line.bus import NOBODY, Bus, Pace
from prewatt_simulator.line.reply_writer import Outgoing, ReplyWriter

_mbap_header = mbap.HEADER.pack
"""What `mbap.encode` packs, without its call: every reply to a Modbus TCP client goes through here."""

QUEUE_MAX = 64
"""Requests that wait for one bus; more are dropped, as a serial server's small buffer drops them."""

GAP_S = 0.05
"""Silence on a connection after which an incomplete RTU frame is over. Longer than the gap on copper, because TCP
may deliver one frame in pieces; real seconds, because it is about the network."""

_INEXACT_S = 1e-6
"""Differences of Unix times are no more exact than this."""


class Line:
    """The queue of one bus."""

    def __init__(self, bus: Bus, clock: Clock, pace: Pace | None) -> None:
        self._bus = bus
        self._clock = clock
        self._now = clock.time
        self._pace = pace
        self._waiting: deque[tuple[Connection, int, int, bytes]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._alarms: dict[float, asyncio.Task[None]] = {}
        self._reply_writer = ReplyWriter()
        self._quiet_s = 0.0
        """Since when the bus is quiet behind a reply that took time."""
        self._engaged = False
        """Whether there is more to a request than to answer it: others wait, or replies were kept back."""
        self.connections: dict[Connection, None] = {}
        """In the order in which they came, so that whatever happens to all happens in that order."""

    def connect(self, connection: "Connection") -> None:
        """A client has come."""
        others = tuple(self.connections)
        self.connections[connection] = None
        if self._bus.faults.rules:
            self._greet_under_faults(connection, others)
        for frame in self._reply_writer.backlog():
            connection.send(frame)

    def accept(self, connection: "Connection", tag: int, unit: int, request: bytes) -> None:
        """Carry a request, now or when its turn comes; the reply goes to the connection with the same tag."""
        if self._engaged:
            for frame in self._reply_writer.late_frames(connection, tag):
                connection.send(frame)
            if self._worker is not None:
                self.note(OVERLAP, None, unit, request)
                self._wait(connection, tag, unit, request)
                return
        if self._pace is None:
            reply, outcome = self._bus.exchange(unit, request, self._now())
            if outcome is None and not self._engaged:
                if reply is not None:
                    connection.answer(tag, unit, request, reply)
                return
            out = Outgoing(connection, tag, unit, request, reply, outcome or ExchangeOutcome())
            if not out.outcome.takes_time:
                self._settle(out)
                return
            work = self._finish_held(out, self._now())
        else:
            self._wait(connection, tag, unit, request)
            work = self._work()
        self._engaged = True
        self._worker = asyncio.get_running_loop().create_task(work)

    def disconnect(self, connection: "Connection") -> None:
        """A client has gone."""
        self.connections.pop(connection, None)
        self._reply_writer.forget(connection)

    def note_pipelined(self, requests: Iterable[tuple[int, bytes]]) -> None:
        """Requests came in one segment with the one before them, and were answered where they were received."""
        if self._worker is None:
            for unit, request in requests:
                self.note(OVERLAP, None, unit, request)

    async def stop(self) -> None:
        """Drop all connections and waiting requests."""
        for connection in tuple(self.connections):
            connection.abort()
        self._waiting.clear()
        for task in (*self._alarms.values(), *([] if self._worker is None else [self._worker])):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _greet_under_faults(self, connection: "Connection", others: tuple["Connection", ...]) -> None:
        bus, now_s = self._bus, self._now()
        rebooting = bus.faults.down((bus.gateway, bus.port), now_s)
        if rebooting is not None:
            self.note("client refused", rebooting)
            connection.abort()
            return
        hit = bus.faults.client_hit(bus.gateway, bus.port, now_s, others=bool(others))
        if hit is None:
            return
        match hit.fault.kind:
            case FaultKind.HALF_OPEN:
                self.note("client taken and not heard", hit.name)
                connection.discard_input()
            case FaultKind.KICK_FIRST_CLIENT:
                self.note("clients before this one dropped", hit.name)
                for other in others:
                    other.abort()
            case _:
                self.note("client refused", hit.name)
                connection.abort()

    def note(
        self, what: str, fault: str | None = None, unit: int | None = None, request: bytes = b""
    ) -> None:
        """Have the journal keep what happened here."""
        bus = self._bus
        bus.journal.note(Happening(self._now(), bus.gateway, bus.port, what, fault, unit, request))

    def _wait(self, connection: "Connection", tag: int, unit: int, request: bytes) -> None:
        if len(self._waiting) < QUEUE_MAX:
            self._waiting.append((connection, tag, unit, request))
        else:
            self._bus.note_overflow(unit, request, self._now())

    async def _finish_held(self, out: Outgoing, heard_s: float) -> None:
        await self._deliver(out, heard_s)
        await self._work()

    async def _work(self) -> None:
        try:
            while self._waiting:
                connection, tag, unit, request = self._waiting.popleft()
                if connection in self.connections:
                    await self._carry(connection, tag, unit, request)
        finally:
            self._worker = None
            self._engaged = self._reply_writer.holds

    async def _carry(self, connection: "Connection", tag: int, unit: int, request: bytes) -> None:
        heard_s = self._now()
        if self._pace is not None:
            wait_s = self._pace.request_s(request) + max(self._pace.gap_s - (heard_s - self._quiet_s), 0.0)
            heard_s += wait_s
            await self._clock.sleep(wait_s)
        reply, outcome = self._bus.exchange(unit, request, self._now(), self._pace)
        await self._deliver(
            Outgoing(connection, tag, unit, request, reply, outcome or ExchangeOutcome()), heard_s
        )

    async def _deliver(self, out: Outgoing, heard_s: float) -> None:
        """Let a reply leave in its time, and its segments in theirs. A timer that fired late makes nothing else late."""
        if out.outcome.held_s:
            late_s = self._now() - heard_s
            await self._clock.sleep(out.outcome.held_s - (late_s if late_s > _INEXACT_S else 0.0))
            self._quiet_s = self._now()
        hit = out.outcome.hit
        between_s = (hit.fault.delay_s or 0.0) if hit is not None else 0.0
        for index, segment in enumerate(self._segments(out)):
            if index and between_s:
                await self._clock.sleep(between_s)
            out.client.send(segment)

    def _settle(self, out: Outgoing) -> None:
        """Let a reply leave that takes no time."""
        for segment in self._segments(out):
            out.client.send(segment)
        self._engaged = self._reply_writer.holds

    def _segments(self, out: Outgoing) -> tuple[bytes, ...]:
        self._watch_delayed()
        match out.outcome.kind:
            case FaultKind.DISCONNECT:
                out.client.abort()
            case FaultKind.REBOOT_GATEWAY:
                self._reboot(out.outcome)
            case _:
                return self._reply_writer.segments(out)
        return ()

    def _reboot(self, outcome: ExchangeOutcome) -> None:
        hit, bus = outcome.hit, self._bus
        assert hit is not None
        bus.faults.take_down((bus.gateway, bus.port), self._now() + (hit.fault.lasts_s or 0.0), hit)
        self._reply_writer = ReplyWriter()
        for connection in tuple(self.connections):
            connection.abort()

    def _watch_delayed(self) -> None:
        """Have the bus hear a request that a fault keeps back when its time has come."""
        due_s = self._bus.next_delayed_s
        if due_s is not None and due_s not in self._alarms:
            self._alarms[due_s] = asyncio.get_running_loop().create_task(self._deliver_delayed(due_s))

    async def _deliver_delayed(self, due_s: float) -> None:
        await self._clock.sleep(due_s - self._now())
        del self._alarms[due_s]
        self._bus.deliver_delayed(self._now())
        self._watch_delayed()


class Connection(asyncio.Protocol):
    """One client of a line. Subclasses know the framing."""

    crc = False
    """Whether its frames end with a CRC."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._line.connect(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._line.disconnect(self)

    def pause_writing(self) -> None:
        """The client does not read: hear no more requests from it until it does."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def abort(self) -> None:
        """Drop the client."""
        if self._transport is not None:
            self._transport.abort()

    def send(self, data: bytes) -> None:
        """Send bytes as they are; nothing when the client has gone."""
        if self._transport is not None and data:
            self._transport.write(data)

    def answer(self, tag: int, unit: int, request: bytes, reply: bytes) -> None:
        """Send a reply PDU, or the framing's form of `NOBODY`; nothing when the client has gone."""
        frame = self.frame(tag, unit, request, reply)
        if frame and self._transport is not None:
            self._transport.write(frame)

    def frame(self, tag: int, unit: int, request: bytes, reply: bytes) -> bytes:
        """The bytes of a reply; empty when the framing is silent about it."""
        raise NotImplementedError

    def discard_input(self) -> None:
        """Hear nothing from now on."""
        raise NotImplementedError


class _DiscardInput:
    """Takes the place of a stream of requests: nothing is ever heard."""

    held = b""

    def feed(self, _data: bytes) -> list[Any]:
        return []

    def gap(self) -> list[rtu.Frame]:
        return []


class RtuConnection(Connection):
    """RTU frames over TCP. A device that is not there is silent."""

    crc = True

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self._stream: rtu.RequestStream | _DiscardInput = rtu.RequestStream()
        self._gap: asyncio.TimerHandle | None = None
        self._framed = (0, b"", b"")

    def data_received(self, data: bytes) -> None:
        if self._gap is not None:
            self._gap.cancel()
            self._gap = None
        frames = self._stream.feed(data)
        for unit, pdu in frames:
            self._line.accept(self, 0, unit, pdu)
        if len(frames) > 1:
            self._line.note_pipelined(frames[1:])
        if self._stream.held:
            self._await_gap()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._gap is not None:
            self._gap.cancel()

    def frame(self, tag: int, unit: int, request: bytes, reply: bytes) -> bytes:
        if reply is NOBODY:
            return b""
        before, framed_reply, frame = self._framed
        # the same reply object for the same unit: the CRC is known
        if reply is not framed_reply or unit != before:
            frame = rtu.encode(unit, reply)
            self._framed = (unit, reply, frame)
        return frame

    def discard_input(self) -> None:
        self._stream = _DiscardInput()

    def _await_gap(self) -> None:
        self._gap = asyncio.get_running_loop().call_later(GAP_S, self._gap_passed)

    def _gap_passed(self) -> None:
        if self._transport is not None and not self._transport.is_reading():
            self._await_gap()  # the silence is ours: we are not listening
            return
        self._gap = None
        for unit, pdu in self._stream.gap():
            self._line.accept(self, 0, unit, pdu)


class TcpConnection(Connection):
    """Modbus TCP. For a device that is not there the gateway answers exception 0BH; a broken header ends it."""

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self._stream: mbap.FrameStream | _DiscardInput = mbap.FrameStream()

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._stream.feed(data)
        except mbap.BrokenStream as broken:
            for transaction, unit, pdu in broken.frames:
                self._line.accept(self, transaction, unit, pdu)
            self.abort()
            return
        for transaction, unit, pdu in frames:
            self._line.accept(self, transaction, unit, pdu)
        if len(frames) > 1:
            self._line.note_pipelined((unit, pdu) for _, unit, pdu in frames[1:])

    def discard_input(self) -> None:
        self._stream = _DiscardInput()

    def frame(self, tag: int, unit: int, request: bytes, reply: bytes) -> bytes:
        if reply is NOBODY:
            reply = exception(request[0], ExceptionCode.GATEWAY_TARGET)
        return _mbap_header(tag, 0, 1 + len(reply), unit) + reply
