"""Finds exchanges in the bytes of one connection, both directions. Sans-io; forwarding is the proxy's part.

Modbus TCP pairs requests and replies by transaction number. RTU has none: a reply belongs to the oldest request that
waits, and a request in a later segment ends the wait of those before, because a client asks again only when it has its
reply or has given up. A reply after that is no part of the recording unless it fits the new request: the client took it
for the answer too.
"""

from collections import deque
from typing import NamedTuple, Protocol

from prewatt_fixtures.endpoints import Framing
from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import BROADCAST_UNIT, EXCEPTION_FLAG

GAP_S = 0.05
"""Silence of a client after which an incomplete RTU frame ends, as in `line.gateway`."""

WAITING_MAX = 256
"""Requests of one connection that wait for replies; beyond it the oldest is recorded without one."""


class TappedExchange(NamedTuple):
    """One exchange that ended; `reply` is None when none arrived."""

    at_s: float
    unit: int
    request: bytes
    reply: bytes | None = None
    latency_s: float | None = None


class Tap(Protocol):
    """Takes all bytes of a connection and returns the exchanges that they complete."""

    stray_bytes: int
    """Number of bytes that were no part of an exchange."""

    def from_client(self, data: bytes, now_s: float) -> list[TappedExchange]: ...
    def from_gateway(self, data: bytes, now_s: float) -> list[TappedExchange]: ...
    def end(self) -> list[TappedExchange]:
        """End of the connection: return the requests without a reply."""
        ...


def tap(framing: Framing) -> Tap:
    """A tap for a new connection."""
    return _RtuTap() if framing == "rtu" else _TcpTap()


class _RtuTap:
    def __init__(self) -> None:
        self._requests = rtu.RequestStream()
        self._waiting: deque[TappedExchange] = deque()
        self._held = b""
        self._last_s = 0.0
        self.stray_bytes = 0

    def from_client(self, data: bytes, now_s: float) -> list[TappedExchange]:
        frames = self._requests.gap() if now_s - self._last_s > GAP_S else []
        self._last_s = now_s
        frames += self._requests.feed(data)
        self.stray_bytes += sum(map(len, self._requests.broken))
        self._requests.broken.clear()
        given_up = self.end() if frames else []
        for unit, pdu in frames:
            if unit == BROADCAST_UNIT:
                given_up.append(TappedExchange(now_s, unit, pdu))
            else:
                self._waiting.append(TappedExchange(now_s, unit, pdu))
        while len(self._waiting) > WAITING_MAX:
            given_up.append(self._waiting.popleft())
        return given_up

    def from_gateway(self, data: bytes, now_s: float) -> list[TappedExchange]:
        self._held += data
        heard = []
        while self._held and self._waiting:
            asked = self._waiting[0]
            reply = rtu.Exchange(asked.unit, asked.request).feed(self._held)
            if reply is None:
                break
            # noise and late replies may precede the reply
            before, _, self._held = self._held.partition(rtu.encode(asked.unit, reply))
            self.stray_bytes += len(before)
            heard.append(asked._replace(reply=reply, latency_s=now_s - asked.at_s))
            self._waiting.popleft()
        # a reply has to appear within two frames' length, or these bytes will never contain it
        if not self._waiting or len(self._held) > 2 * rtu.FRAME_BYTES_MAX:
            self._drop_held()
        return heard

    def end(self) -> list[TappedExchange]:
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
        self._waiting: dict[int, TappedExchange] = {}
        self.stray_bytes = 0

    def from_client(self, data: bytes, now_s: float) -> list[TappedExchange]:
        given_up = []
        for transaction, unit, pdu in self._frames(self._client, data):
            # a client that uses a transaction number again has given up on its first request
            before = self._waiting.pop(transaction, None)
            if before is not None:
                given_up.append(before)
            if len(self._waiting) == WAITING_MAX:
                given_up.append(self._waiting.pop(next(iter(self._waiting))))
            self._waiting[transaction] = TappedExchange(now_s, unit, pdu)
        return given_up

    def from_gateway(self, data: bytes, now_s: float) -> list[TappedExchange]:
        heard = []
        for transaction, unit, pdu in self._frames(self._gateway, data):
            asked = self._waiting.get(transaction)
            if asked is None or asked.unit != unit or not _answers(asked.request, pdu):
                self.stray_bytes += mbap.HEADER_BYTES + len(pdu)
                continue
            del self._waiting[transaction]
            heard.append(asked._replace(reply=pdu, latency_s=now_s - asked.at_s))
        return heard

    def end(self) -> list[TappedExchange]:
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
