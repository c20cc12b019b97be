"""Changes the bytes of replies under wire faults. Pure functions; the random source is a parameter."""

import random
from collections.abc import Callable, Mapping

from prewatt_fixtures.wire.pdu import READ_COILS, READ_DISCRETE, READ_HOLDING, READ_INPUT, VENDOR
from prewatt_simulator.faults.rule import Fault, FaultKind

Segments = tuple[bytes, ...]
"""What leaves instead of one reply frame, one entry per TCP segment."""

_CRC_BYTES = 2
_JUNK_BYTES_MAX = 8
"""Most random bytes that a rule without `size` adds."""
_COUNTED = {READ_COILS: 1, READ_DISCRETE: 1, READ_HOLDING: 1, READ_INPUT: 1, VENDOR: 5}
"""Offset of the byte count in a reply PDU, by function code."""


def flip_bit(data: bytes, rng: random.Random, start: int = 0) -> bytes:
    """`data` with one random bit inverted at or after byte `start`; unchanged when there is no such byte."""
    if len(data) <= start:
        return data
    changed = bytearray(data)
    changed[rng.randrange(start, len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def damage_pdu(fault: Fault, pdu: bytes, rng: random.Random) -> bytes:
    """The reply PDU damaged by the fault; kinds that do not touch the PDU return it unchanged."""
    match fault.kind:
        case FaultKind.WRONG_FUNCTION:
            return bytes((pdu[0] ^ 1,)) + pdu[1:]  # 03H becomes 02H, 10H becomes 11H
        case FaultKind.WRONG_LENGTH:
            at = _COUNTED.get(pdu[0])
            if at is None:
                return pdu + b"\0"
            return pdu[:at] + bytes(((pdu[at] + 2) % 256,)) + pdu[at + 1 :]
        case FaultKind.WRONG_VALUE:
            return flip_bit(pdu, rng, start=_COUNTED.get(pdu[0], 0) + 1)
        case _:
            return pdu


def segments(fault: Fault, frame: bytes, rng: random.Random, *, crc: bool) -> Segments:
    """Segments of a reply frame under the fault; `crc`: whether the frame ends with a CRC."""
    change = _CHANGES.get(FaultKind(fault.kind))
    if not frame or change is None:
        return (frame,)
    if fault.kind == FaultKind.BAD_CRC and not crc:
        return (frame,)
    return change(fault, frame, rng)


def junk(fault: Fault, rng: random.Random) -> bytes:
    """`fault.size` random bytes; without a size 1 to 8 of them."""
    return rng.randbytes(fault.size or rng.randint(1, _JUNK_BYTES_MAX))


def _bad_crc(_fault: Fault, frame: bytes, rng: random.Random) -> Segments:
    return (flip_bit(frame, rng, start=len(frame) - _CRC_BYTES),)


def _truncate(fault: Fault, frame: bytes, rng: random.Random) -> Segments:
    missing = fault.size or rng.randint(1, len(frame) - 1)
    return (frame[: max(len(frame) - missing, 0)],)


def _split(fault: Fault, frame: bytes, _rng: random.Random) -> Segments:
    size = fault.size or max(len(frame) // 2, 1)
    return tuple(frame[at : at + size] for at in range(0, len(frame), size))


_CHANGES: Mapping[FaultKind, Callable[[Fault, bytes, random.Random], Segments]] = {
    FaultKind.FLIP_BIT: lambda _fault, frame, rng: (flip_bit(frame, rng),),
    FaultKind.BAD_CRC: _bad_crc,
    FaultKind.TRUNCATE: _truncate,
    FaultKind.EXTRA_BYTES: lambda fault, frame, rng: (frame + junk(fault, rng),),
    FaultKind.JUNK_BEFORE: lambda fault, frame, rng: (junk(fault, rng) + frame,),
    FaultKind.DUPLICATE_REPLY: lambda _fault, frame, _rng: (frame + frame,),
    FaultKind.SPLIT_REPLY: _split,
}
