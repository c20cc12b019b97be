"""The serial server: TCP connections on one side, one bus on the other, one frame in flight on it.

`Line` is the queue of one bus, shared by all connections to it. While nothing takes time (wire timing off, no fault
that delays) a request is answered where it was received, without a task; otherwise requests wait their turn for a
worker that lives as long as there is something to wait for. A connection turns bytes into requests and replies into
bytes; RTU over TCP and Modbus TCP differ in nothing else.
"""

import asyncio
import contextlib
from collections import deque
from typing import cast

from prewatt_fixtures.clock import Clock
from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import ExceptionCode, exception
from prewatt_simulator.bus import NOBODY, Bus, Pace

QUEUE_MAX = 64
"""Requests that wait for one bus; more are dropped, as a serial server's small buffer drops them."""

GAP_S = 0.05
"""Silence on a connection after which an incomplete RTU frame is over. Longer than the gap on copper, because TCP
may deliver one frame in pieces; real seconds, because it is about the network."""


class Line:
    """The queue of one bus."""

    def __init__(self, bus: Bus, clock: Clock, pace: Pace | None) -> None:
        self._bus = bus
        self._clock = clock
        self._now = clock.time
        self._pace = pace
        self._waiting: deque[tuple[Connection, int, int, bytes]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self.connections: set[Connection] = set()

    def accept(self, connection: "Connection", tag: int, unit: int, request: bytes) -> None:
        """Carry a request, now or when its turn comes; the reply goes to the connection with the same tag."""
        if self._worker is not None:
            self._wait(connection, tag, unit, request)
            return
        if self._pace is None:
            reply, held_s = self._bus.exchange(unit, request, self._now())
            if not held_s:
                if reply is not None:
                    connection.answer(tag, unit, request, reply)
                return
            work = self._finish_held(connection, tag, unit, request, reply, self._now() + held_s)
        else:
            self._wait(connection, tag, unit, request)
            work = self._work()
        self._worker = asyncio.get_running_loop().create_task(work)

    async def stop(self) -> None:
        """Drop all connections and whatever waits."""
        for connection in tuple(self.connections):
            connection.abort()
        self._waiting.clear()
        if self._worker is not None:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker

    def _wait(self, connection: "Connection", tag: int, unit: int, request: bytes) -> None:
        if len(self._waiting) < QUEUE_MAX:
            self._waiting.append((connection, tag, unit, request))
        else:
            self._bus.crowd_out(unit, request, self._now())

    async def _finish_held(
        self,
        connection: "Connection",
        tag: int,
        unit: int,
        request: bytes,
        reply: bytes | None,
        due_s: float,
    ) -> None:
        await self._clock.sleep(due_s - self._now())
        if reply is not None:
            connection.answer(tag, unit, request, reply)
        await self._work()

    async def _work(self) -> None:
        try:
            while self._waiting:
                connection, tag, unit, request = self._waiting.popleft()
                if connection in self.connections:
                    await self._carry(connection, tag, unit, request)
        finally:
            self._worker = None

    async def _carry(self, connection: "Connection", tag: int, unit: int, request: bytes) -> None:
        if self._pace is not None:
            await self._clock.sleep(self._pace.request_s(request))
        reply, held_s = self._bus.exchange(unit, request, self._now())
        if self._pace is not None and reply:
            held_s += self._pace.reply_s(reply)
        if held_s:
            await self._clock.sleep(held_s)
        if reply is not None:
            connection.answer(tag, unit, request, reply)


class Connection(asyncio.Protocol):
    """One client of a line. Subclasses know the framing."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._line.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._line.connections.discard(self)

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

    def answer(self, tag: int, unit: int, request: bytes, reply: bytes) -> None:
        """Send a reply PDU, or what the framing says of `NOBODY`; nothing when the client has gone."""
        raise NotImplementedError


class RtuConnection(Connection):
    """RTU frames over TCP. A device that is not there is silent."""

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self._stream = rtu.RequestStream()
        self._gap: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        if self._gap is not None:
            self._gap.cancel()
            self._gap = None
        for unit, pdu in self._stream.feed(data):
            self._line.accept(self, 0, unit, pdu)
        if self._stream.waiting:
            self._await_gap()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._gap is not None:
            self._gap.cancel()

    def answer(self, tag: int, unit: int, request: bytes, reply: bytes) -> None:
        if self._transport is not None and reply is not NOBODY:
            self._transport.write(rtu.encode(unit, reply))

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
        self._stream = mbap.FrameStream()

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._stream.feed(data)
        except mbap.BrokenStream:
            self.abort()
            return
        for transaction, unit, pdu in frames:
            self._line.accept(self, transaction, unit, pdu)

    def answer(self, tag: int, unit: int, request: bytes, reply: bytes) -> None:
        if self._transport is None:
            return
        if reply is NOBODY:
            reply = exception(request[0], ExceptionCode.GATEWAY_TARGET)
        self._transport.write(mbap.encode(tag, unit, reply))
