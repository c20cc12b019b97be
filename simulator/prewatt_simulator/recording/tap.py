"""Exchanges found in the bytes of one connection, both directions. Sans-io; the bytes themselves go elsewhere.

Modbus TCP pairs by transaction. RTU has none: a reply belongs to the oldest request that still waits, and a client that
asks again in a later segment has given up what it asked before, because it speaks when it has its reply or stops
waiting. A reply that comes after that is no part of a recording, unless it fits the new request: then it fooled the
client too.
"""

from collections import deque
from typing import NamedTuple, Protocol

from prewatt_fixtures.endpoints import Framing
from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import BROADCAST_UNIT, EXCEPTION_FLAG

GAP_S = 0.05
"""Silence of a client after which an incomplete RTU frame is over, as in the gateway."""

WAITING_MAX = 256
"""Requests of one connection that wait for replies; of more, the oldest is given up."""


class HeardExchange(NamedTuple):
    """One exchange that ended; without a reply when none came."""

    at_s: float
    unit: int
    request: bytes
    reply: bytes | None = None
    latency_s: float | None = None


class Tap(Protocol):
    """Takes all bytes of a connection and returns the exchanges that they complete."""

    stray_bytes: int
    """Bytes that were no part of an exchange."""

    def from_client(self, data: bytes, now_s: float) -> list[HeardExchange]: ...
    def from_gateway(self, data: bytes, now_s: float) -> list[HeardExchange]: ...
    def end(self) -> list[HeardExchange]:
        """The connection is over: what still waited was never answered."""
        ...


def tap(framing: Framing) -> Tap:
    """One for a new connection."""
    return _RtuTap() if framing == "rtu" else _TcpTap()


class _RtuTap:
    def __init__(self) -> None:
        self._requests = rtu.RequestStream()
        self._waiting: deque[HeardExchange] = deque()
        self._held = b""
        self._last_s = 0.0
        self.stray_bytes = 0

    def from_client(self, data: bytes, now_s: float) -> list[HeardExchange]:
        skipped = self._requests.skipped
        frames = self._requests.gap() if now_s - self._last_s > GAP_S else []
        self._last_s = now_s
        frames += self._requests.feed(data)
        self.stray_bytes += self._requests.skipped - skipped
        given_up = self.end() if frames else []
        for unit, pdu in frames:
            if unit == BROADCAST_UNIT:
                given_up.append(HeardExchange(now_s, unit, pdu))
            else:
                self._waiting.append(HeardExchange(now_s, unit, pdu))
        while len(self._waiting) > WAITING_MAX:
            given_up.append(self._waiting.popleft())
        return given_up

    def from_gateway(self, data: bytes, now_s: float) -> list[HeardExchange]:
        self._held += data
        heard = []
        while self._held and self._waiting:
            asked = self._waiting[0]
            reply = rtu.Exchange(asked.unit, asked.request).feed(self._held)
            if reply is None:
                break
            before, _, self._held = self._held.partition(rtu.encode(asked.unit, reply))
            self.stray_bytes += len(before)
            heard.append(asked._replace(reply=reply, latency_s=now_s - asked.at_s))
            self._waiting.popleft()
        if not self._waiting or len(self._held) > 2 * rtu.FRAME_BYTES_MAX:
            self._drop_held()
        return heard

    def end(self) -> list[HeardExchange]:
        self._drop_held()
        given_up = list(self._waiting)
        self._waiting.clear()
        return given_up

    def _drop_held(self) -> None:
        self.stray_bytes += len(self._held)
        self._held = b""


class _TcpTap:
    def __init__(self) -> None:
        self._client = mbap.FrameStream()
        self._gateway = mbap.FrameStream()
        self._waiting: dict[int, HeardExchange] = {}
        self.stray_bytes = 0

    def from_client(self, data: bytes, now_s: float) -> list[HeardExchange]:
        given_up = []
        for transaction, unit, pdu in self._frames(self._client, data):
            before = self._waiting.pop(transaction, None)
            if before is not None:
                given_up.append(before)
            if len(self._waiting) == WAITING_MAX:
                given_up.append(self._waiting.pop(next(iter(self._waiting))))
            self._waiting[transaction] = HeardExchange(now_s, unit, pdu)
        return given_up

    def from_gateway(self, data: bytes, now_s: float) -> list[HeardExchange]:
        heard = []
        for transaction, unit, pdu in self._frames(self._gateway, data):
            asked = self._waiting.get(transaction)
            if asked is None or asked.unit != unit or not _answers(asked.request, pdu):
                self.stray_bytes += mbap.HEADER_BYTES + len(pdu)
                continue
            del self._waiting[transaction]
            heard.append(asked._replace(reply=pdu, latency_s=now_s - asked.at_s))
        return heard

    def end(self) -> list[HeardExchange]:
        given_up = list(self._waiting.values())
        self._waiting.clear()
        return given_up

    def _frames(self, stream: mbap.FrameStream, data: bytes) -> list[mbap.Frame]:
        try:
            return stream.feed(data)
        except mbap.BrokenStream:
            self.stray_bytes += len(data)
            return []


def _answers(request: bytes, reply: bytes) -> bool:
    return reply[0] | EXCEPTION_FLAG == request[0] | EXCEPTION_FLAG
