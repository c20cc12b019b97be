"""Serial server: TCP connections on one side, one bus on the other, one request in flight on the bus.

`Line` is the queue of one bus, shared by all connections to it. While nothing takes time (wire timing off, no fault
that delays) a request is answered inside `data_received`, without a task. Otherwise requests wait in the queue for a
worker task, which ends when the queue is empty. A connection turns bytes into requests and replies into bytes; RTU over
TCP and Modbus TCP differ in nothing else. `reply_writer` applies the faults that change reply frames.
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
from prewatt_simulator.journal.journal import OVERLAP, PortEvent, Verdict
from prewatt_simulator.line.bus import NO_DEVICE, Bus, Pace
from prewatt_simulator.line.reply_writer import Outgoing, ReplyWriter
from prewatt_simulator.line.wire_wait import wire_wait

_mbap_header = mbap.HEADER.pack
"""Packs what `mbap.encode` packs, without its call: every reply to a Modbus TCP client passes here."""

QUEUE_MAX = 64
"""Requests that wait for one bus. Further ones are dropped, as by the small buffer of a serial server."""

GAP_S = 0.05
"""Silence on a connection after which an incomplete RTU frame ends. Longer than the gap on the line, because TCP may
deliver one frame in pieces. Real seconds, not the farm's, because it concerns the network."""

_TIME_RESOLUTION_S = 1e-6
"""Differences of Unix times held in floats are no more exact than this."""


class Line:
    """Request queue of one bus, shared by its connections."""

    def __init__(self, bus: Bus, clock: Clock, pace: Pace | None) -> None:
        self._bus = bus
        self._clock = clock
        self._now = clock.time
        self._pace = pace
        self._waiting: deque[tuple[Connection, int, int, bytes]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._timers: dict[float, asyncio.Task[None]] = {}
        self._reply_writer = ReplyWriter()
        self._idle_since_s = 0.0
        """End of the last reply that took time, Unix seconds; the next request keeps the gap from here."""
        self._busy = False
        """True while a worker runs or `reply_writer` holds replies back; False lets a request be answered at once."""
        self.connections: dict[Connection, None] = {}
        """In the order of connecting, so that a fault that drops all drops them in that order on every run."""

    def connect(self, connection: "Connection") -> None:
        """Add a client: apply the fault rules on connections, then send what `backlog` kept for it."""
        others = tuple(self.connections)
        self.connections[connection] = None
        if self._bus.faults.acting:
            self._admit_under_faults(connection, others)
        for frame in self._reply_writer.backlog():
            connection.send(frame)

    def accept(self, connection: "Connection", tag: int, unit: int, request: bytes) -> None:
        """Answer a request PDU now or queue it. `tag` is the Modbus TCP transaction number that the reply repeats."""
        if self._busy:
            # before the own reply: that is what makes a late reply dangerous to a client
            for frame in self._reply_writer.late_frames(connection, tag):
                connection.send(frame)
            if self._worker is not None:
                self.note(OVERLAP, None, unit, request)
                self._enqueue(connection, tag, unit, request)
                return
        if self._pace is None:
            reply, outcome = self._bus.exchange(unit, request, self._now())
            if outcome is None and not self._busy:
                if reply is not None:
                    connection.answer(tag, unit, request, reply)
                return
            out = Outgoing(connection, tag, unit, request, reply, outcome or ExchangeOutcome())
            if not out.outcome.takes_time:
                self._send_now(out)
                return
            work = self._finish_held(out, self._now())
        else:
            self._enqueue(connection, tag, unit, request)
            work = self._work()
        self._busy = True
        self._worker = asyncio.get_running_loop().create_task(work)

    def disconnect(self, connection: "Connection") -> None:
        """Remove a client; its queued requests are dropped when their turn comes."""
        self.connections.pop(connection, None)
        self._reply_writer.forget(connection)

    def note_pipelined(self, requests: Iterable[tuple[int, bytes]]) -> None:
        """Record as overlapping the `requests` that arrived in one segment with the request before them.

        With a worker running, `accept` has recorded them already.
        """
        if self._worker is None:
            for unit, request in requests:
                self.note(OVERLAP, None, unit, request)

    async def stop(self) -> None:
        """Drop all connections and waiting requests."""
        for connection in tuple(self.connections):
            connection.abort()
        self._waiting.clear()
        for task in (*self._timers.values(), *([] if self._worker is None else [self._worker])):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _admit_under_faults(self, connection: "Connection", others: tuple["Connection", ...]) -> None:
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
        """Record an event at this port in the journal."""
        bus = self._bus
        bus.journal.note(PortEvent(self._now(), bus.gateway, bus.port, what, fault, unit, request))

    def note_malformed(self, data: bytes, verdict: Verdict) -> None:
        """Record bytes of a client that are no frame."""
        self._bus.note_malformed(data, verdict, self._now())

    def _enqueue(self, connection: "Connection", tag: int, unit: int, request: bytes) -> None:
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
                # a client that has gone leaves its requests in the queue: skipping is cheaper than searching
                if connection in self.connections:
                    await self._exchange(connection, tag, unit, request)
        finally:
            self._worker = None
            self._busy = self._reply_writer.holds_replies

    async def _exchange(self, connection: "Connection", tag: int, unit: int, request: bytes) -> None:
        # `heard_s` is computed, not read after the sleep: a timer that fires late must not delay the reply.
        heard_s = self._now()
        if self._pace is not None:
            # the request's own time on the line, and what is left of the silence that must precede it
            wait_s = self._pace.request_s(request) + max(
                self._pace.gap_s - (heard_s - self._idle_since_s), 0.0
            )
            heard_s += wait_s
            await wire_wait(self._clock, wait_s)
        reply, outcome = self._bus.exchange(unit, request, self._now(), self._pace)
        await self._deliver(
            Outgoing(connection, tag, unit, request, reply, outcome or ExchangeOutcome()), heard_s
        )

    async def _deliver(self, out: Outgoing, heard_s: float) -> None:
        """Send a reply when it is due after `heard_s`, its segments `delay_s` apart.

        The wait is shortened by what earlier timers were late, so that lateness does not add up.
        """
        if out.outcome.held_s:
            late_s = self._now() - heard_s
            await wire_wait(
                self._clock, out.outcome.held_s - (late_s if late_s > _TIME_RESOLUTION_S else 0.0)
            )
            # after the wait: the next request keeps the inter-frame gap from the end of this reply
            self._idle_since_s = self._now()
        hit = out.outcome.hit
        between_s = (hit.fault.delay_s or 0.0) if hit is not None else 0.0
        for index, segment in enumerate(self._segments(out)):
            if index and between_s:
                await wire_wait(self._clock, between_s)
            out.client.send(segment)

    def _send_now(self, out: Outgoing) -> None:
        """Send a reply that takes no time."""
        for segment in self._segments(out):
            out.client.send(segment)
        self._busy = self._reply_writer.holds_replies

    def _segments(self, out: Outgoing) -> tuple[bytes, ...]:
        self._schedule_delayed()
        match out.outcome.kind:
            case FaultKind.DISCONNECT:
                out.client.abort()
            case FaultKind.REBOOT_GATEWAY:
                self._reboot(out.outcome)
            case FaultKind.SHARE_REPLIES:
                segments = self._reply_writer.segments(out)
                for other in self.connections:
                    if other is not out.client:
                        other.send(b"".join(segments))
                return segments
            case _:
                return self._reply_writer.segments(out)
        return ()

    def _reboot(self, outcome: ExchangeOutcome) -> None:
        hit, bus = outcome.hit, self._bus
        assert hit is not None
        bus.faults.take_down((bus.gateway, bus.port), self._now() + (hit.fault.lasts_s or 0.0), hit)
        self._reply_writer = ReplyWriter()  # replies kept back are lost with the gateway's memory
        for connection in tuple(self.connections):
            connection.abort()

    def _schedule_delayed(self) -> None:
        """Start a timer for the next delayed request of the bus, unless one runs for that moment."""
        due_s = self._bus.next_delayed_s
        if due_s is not None and due_s not in self._timers:
            self._timers[due_s] = asyncio.get_running_loop().create_task(self._deliver_delayed(due_s))

    async def _deliver_delayed(self, due_s: float) -> None:
        await wire_wait(self._clock, due_s - self._now())
        del self._timers[due_s]
        now_s = self._now()
        self._bus.deliver_delayed(max(now_s, due_s), now_s)
        self._schedule_delayed()


class Connection(asyncio.Protocol):
    """One client of a line. Subclasses implement the framing."""

    crc = False
    """Whether frames end with a CRC."""

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
        """Stop reading requests until the client reads its replies, so that replies do not pile up in memory."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def abort(self) -> None:
        """Drop the client at once, without sending what is buffered or reading what it sent of a frame."""
        self.discard_input()
        if self._transport is not None:
            self._transport.abort()

    def send(self, data: bytes) -> None:
        """Send bytes unchanged; does nothing when the client has disconnected."""
        if self._transport is not None and data:
            self._transport.write(data)

    def answer(self, tag: int, unit: int, request: bytes, reply: bytes) -> None:
        """Send the frame of a reply PDU or of `NO_DEVICE`; does nothing when the client has disconnected."""
        # checked here and not by callers: a client may disconnect between its request and the reply
        frame = self.frame(tag, unit, request, reply)
        if frame and self._transport is not None:
            self._transport.write(frame)

    def frame(self, tag: int, unit: int, request: bytes, reply: bytes) -> bytes:
        """Frame of a reply PDU or of `NO_DEVICE`; empty when the framing answers nothing."""
        raise NotImplementedError

    def discard_input(self) -> None:
        """Ignore all input from now on (fault `half-open`)."""
        raise NotImplementedError


class _DiscardInput:
    """Takes the place of a request stream and discards every byte."""

    held = b""

    def __init__(self) -> None:
        self.broken: list[bytes] = []

    def feed(self, _data: bytes) -> list[Any]:
        return []

    def gap(self) -> list[rtu.Frame]:
        return []


class RtuConnection(Connection):
    """RTU frames over TCP. An address without a device gets no reply."""

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
        if self._stream.broken:
            self._note_broken()
        if self._stream.held:
            self._await_gap()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._gap is not None:
            self._gap.cancel()
            self._gap_passed()

    def frame(self, tag: int, unit: int, request: bytes, reply: bytes) -> bytes:
        if reply is NO_DEVICE:
            return b""
        before, framed_reply, frame = self._framed
        # A meter returns the same reply object until its values change: the CRC of that object is known.
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
            self._await_gap()  # reading is paused, so this silence says nothing about the client
            return
        self._gap = None
        for unit, pdu in self._stream.gap():
            self._line.accept(self, 0, unit, pdu)
        self._note_broken()

    def _note_broken(self) -> None:
        for run in self._stream.broken:
            self._line.note_malformed(run, Verdict.BAD_CRC)
        self._stream.broken = []


class TcpConnection(Connection):
    """Modbus TCP. An address without a device is answered with exception 0BH; a malformed header ends the connection."""

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self._stream: mbap.FrameStream | _DiscardInput = mbap.FrameStream()

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._stream.feed(data)
        except mbap.BrokenStream as broken:
            # Frames before the malformed header are sound: answer them, then close.
            for transaction, unit, pdu in broken.frames:
                self._line.accept(self, transaction, unit, pdu)
            self._line.note_malformed(broken.data, Verdict.BAD_HEADER)
            self.abort()
            return
        for transaction, unit, pdu in frames:
            self._line.accept(self, transaction, unit, pdu)
        if len(frames) > 1:
            self._line.note_pipelined((unit, pdu) for _, unit, pdu in frames[1:])

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._stream.held:
            self._line.note_malformed(self._stream.held, Verdict.TRUNCATED)

    def discard_input(self) -> None:
        self._stream = _DiscardInput()

    def frame(self, tag: int, unit: int, request: bytes, reply: bytes) -> bytes:
        if reply is NO_DEVICE:
            reply = exception(request[0], ExceptionCode.GATEWAY_TARGET)
        return _mbap_header(tag, 0, 1 + len(reply), unit) + reply
