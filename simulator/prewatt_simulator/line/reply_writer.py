"""Turns replies into the segments that leave under faults: kept back, to another client, or with changed bytes.

Owns the replies that a port keeps back. `gateway` decides when a segment leaves, `faults.wire` changes its bytes.
"""

from dataclasses import dataclass
from typing import Protocol

from prewatt_fixtures.wire import rtu
from prewatt_simulator.faults import FaultHandle, FaultKind, wire
from prewatt_simulator.journal.exchange_outcome import ExchangeOutcome


class Client(Protocol):
    """Receiver of reply frames."""

    crc: bool

    def frame(self, tag: int, unit: int, request: bytes, reply: bytes) -> bytes: ...
    def send(self, data: bytes) -> None: ...
    def abort(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A reply with its receiver, its request and its outcome so far."""

    client: Client
    tag: int
    unit: int
    request: bytes
    reply: bytes | None
    outcome: ExchangeOutcome


class ReplyWriter:
    """Reply segments of one port, and the replies that faults keep back there."""

    def __init__(self) -> None:
        self._late: list[Outgoing] = []
        self._kept: dict[Client, tuple[bytes, bool]] = {}
        self._backlog: list[tuple[Outgoing, bytes]] = []

    @property
    def holds_replies(self) -> bool:
        """Whether a reply is kept back until a later request."""
        return bool(self._late or self._kept)

    def forget(self, client: Client) -> None:
        """Drop the replies kept for a client that disconnected; those of `cross-reply` stay for the next client."""
        self._kept.pop(client, None)

    def backlog(self) -> list[bytes]:
        """Take the frames that fault `backlog` kept for the next client, in random order, each once or twice."""
        if not self._backlog:
            return []
        backlog, self._backlog = self._backlog, []
        # several rules may have kept replies; order and repetition are drawn from the last one's random source
        hit = backlog[-1][0].outcome.hit
        assert hit is not None
        leaving = [kept for kept in backlog for _ in range(hit.rng.randint(1, 2))]
        hit.rng.shuffle(leaving)
        for out, frame in leaving:
            out.outcome.sent = (*(out.outcome.sent or ()), frame)
        return [frame for _, frame in leaving]

    def late_frames(self, client: Client, tag: int) -> list[bytes]:
        """Take the replies that fault `cross-reply` kept, framed for the client that asks next."""
        late, self._late = self._late, []
        frames = []
        for out in late:
            assert out.reply is not None
            frame = client.frame(tag, out.unit, out.request, out.reply)
            out.outcome.sent = (frame,)
            frames.append(frame)
        return frames

    def segments(self, out: Outgoing) -> wire.Segments:
        """Segments that leave to the client now; sets `outcome.sent` when they differ from the sound frame.

        Echo, noise and collisions reach RTU clients only: a Modbus TCP gateway drops what has no valid CRC.
        """
        hit, outcome = out.outcome.hit, out.outcome
        if hit is not None and out.client.crc and hit.fault.kind in {FaultKind.ECHO, FaultKind.NOISE}:
            outcome.sent = self._with_extra_bytes(out, hit)
            return self._with_kept(out.client, outcome.sent, outcome)
        if out.reply is None:
            return ()
        if outcome.noise and out.client.crc:
            outcome.sent = (outcome.noise,)
            return self._with_kept(out.client, outcome.sent, outcome)
        if hit is None:
            frame = out.client.frame(out.tag, out.unit, out.request, out.reply)
            return self._with_kept(out.client, (frame,), outcome)
        fault = hit.fault
        unit = out.unit
        if fault.kind == FaultKind.WRONG_UNIT:
            # unit ids are 1 to 247 (MODBUS over Serial Line V1.02, §2.2)
            unit = unit % 247 + 1 if fault.unit is None else fault.unit
        frame = out.client.frame(out.tag, unit, out.request, out.reply)
        if not frame:
            return ()
        if fault.kind == FaultKind.CROSS_REPLY:
            self._late.append(out)
            outcome.sent = ()
        elif fault.kind == FaultKind.BACKLOG:
            self._backlog.append((out, frame))
            outcome.sent = ()
        elif fault.kind in {FaultKind.JOIN_REPLIES, FaultKind.SWAP_REPLIES} and out.client not in self._kept:
            self._kept[out.client] = (frame, fault.kind == FaultKind.SWAP_REPLIES)
            outcome.sent = ()
        else:
            outcome.sent = wire.segments(fault, frame, hit.rng, crc=out.client.crc)
            return self._with_kept(out.client, outcome.sent, outcome)
        return ()

    def _with_extra_bytes(self, out: Outgoing, hit: FaultHandle) -> wire.Segments:
        """The reply, if any, with the echo before it or the noise after it."""
        reply = () if out.reply is None else (out.client.frame(out.tag, out.unit, out.request, out.reply),)
        if hit.fault.kind == FaultKind.ECHO:
            heard = (rtu.encode(out.unit, out.request), *reply)
        else:
            heard = (*reply, wire.junk(hit.fault, hit.rng))
        return tuple(segment for segment in heard if segment)

    def _with_kept(self, client: Client, segments: wire.Segments, outcome: ExchangeOutcome) -> wire.Segments:
        if client not in self._kept:
            return segments
        # swapped: the kept reply leaves after this one; joined: in one segment before it
        kept, swapped = self._kept.pop(client)
        outcome.sent = (*segments, kept) if swapped else (kept + segments[0], *segments[1:])
        return outcome.sent
