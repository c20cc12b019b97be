"""A recorded device: answers with its recorded registers, exceptions and silences.

At each moment of the recording

- a place (a register or coil) holds what was last seen in it, read or written; before it was first seen, what was seen first;
- a request that was last refused, or not answered, is refused or not answered again;
- a read of places that were all seen is answered, whatever their grouping was; any other gets exception 2;
- a write of places that were all seen is done: they show what was written until the recording says that one changed;
- a request of another function gets the reply that it last got; one that was never heard, exception 1.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

from prewatt_fixtures.wire.pdu import EXCEPTION_FLAG, ExceptionCode, exception, reply_fits
from prewatt_simulator.line.bus import NO_DEVICE
from prewatt_simulator.recording.file import Exchange
from prewatt_simulator.recording.registers import FUNCTIONS, Touch, read_reply, told, touch, write_reply
from prewatt_simulator.recording.tape import Tape

T = TypeVar("T")

_BY_PLACES = b""
"""Instead of a recorded reply: what the places hold says it all."""


class _Seen(Generic[T]):
    """Something with a value at every moment: the last one seen, and before the first, the first."""

    __slots__ = ("_at_us", "_values")

    def __init__(self) -> None:
        self._at_us: list[int] = []
        self._values: list[T] = []

    def add(self, at_us: int, value: T) -> None:
        """Seen at that moment, which is not before the ones before."""
        if not self._values or self._values[-1] != value:
            self._at_us.append(at_us)
            self._values.append(value)

    def at(self, at_us: int) -> tuple[int, T]:
        """Since when, and what; the moment is later than asked for when nothing had been seen yet."""
        index = max(bisect_right(self._at_us, at_us) - 1, 0)
        return self._at_us[index], self._values[index]


class _Register(NamedTuple):
    address: int

    @property
    def end(self) -> int:
        return self.address + 1


class RecordedDevice:
    """Built from the exchanges of one unit, in the order of their times."""

    model = "recorded device"

    def __init__(self, number: str, exchanges: Iterable[Exchange], tape: Tape) -> None:
        self.number = number
        self.settled_ms = tape.start_ms
        self._tape = tape
        self._round = 0
        self._places: dict[tuple[int, int], _Seen[int]] = {}
        self._outcomes: dict[bytes, _Seen[bytes | None]] = {}
        self._written: dict[tuple[int, int], tuple[int, int]] = {}
        for exchange in exchanges:
            self._outcomes.setdefault(exchange.request, _Seen()).add(exchange.at_us, self._learn(exchange))

    def is_silent(self, pdu: bytes, now_s: float) -> bool:
        """Whether it leaves that request without an answer."""
        return self._reply(pdu, now_s) is None

    def receive(self, pdu: bytes, now_s: float) -> bytes:
        """The reply; `NO_DEVICE` when it is silent."""
        reply = self._reply(pdu, now_s)
        self.settled_ms = int(now_s * 1000)
        asked = touch(pdu)
        if reply and not reply[0] & EXCEPTION_FLAG and asked is not None and asked.values is not None:
            at_us = self._tape.position(now_s).at_us
            self._written.update(
                (place, (at_us, value)) for place, value in zip(asked.places, asked.values, strict=True)
            )
        return NO_DEVICE if reply is None else reply

    def rows_written(self, address: int, count: int) -> list[_Register] | None:
        """Each register by itself: a recording does not know which belong together."""
        asked = Touch(3, address, count, None)
        if not all(place in self._places for place in asked.places):
            return None
        return [_Register(number) for _, number in asked.places]

    def _learn(self, exchange: Exchange) -> bytes | None:
        """Learn register values from an exchange, and keep its reply where that says more."""
        request, reply = exchange.request, exchange.reply
        asked = touch(request)
        if reply is None or asked is None or reply[0] & EXCEPTION_FLAG or not reply_fits(request, reply):
            return reply
        for place, value in zip(asked.places, told(asked, reply), strict=True):
            self._places.setdefault(place, _Seen()).add(exchange.at_us, value)
        return _BY_PLACES

    def _reply(self, pdu: bytes, now_s: float) -> bytes | None:
        position = self._tape.position(now_s)
        if position.round != self._round:
            self._round = position.round
            self._written.clear()
        heard = self._outcomes.get(pdu)
        if heard is not None:
            since_us, outcome = heard.at(position.at_us)
            if outcome != _BY_PLACES and (since_us <= position.at_us or not self._knows(pdu)):
                return outcome
        return self._reply_by_places(pdu, position.at_us)

    def _knows(self, pdu: bytes) -> bool:
        asked = touch(pdu)
        return asked is not None and all(place in self._places for place in asked.places)

    def _reply_by_places(self, pdu: bytes, at_us: int) -> bytes:
        if pdu[0] not in FUNCTIONS:
            return exception(pdu[0], ExceptionCode.ILLEGAL_FUNCTION)
        asked = touch(pdu)
        if asked is None:
            return exception(pdu[0], ExceptionCode.ILLEGAL_VALUE)
        if not self._knows(pdu):
            return exception(pdu[0], ExceptionCode.ILLEGAL_ADDRESS)
        if asked.values is not None:
            return write_reply(pdu)
        return read_reply(asked, [self._value(place, at_us) for place in asked.places])

    def _value(self, place: tuple[int, int], at_us: int) -> int:
        since_us, value = self._places[place].at(at_us)
        written_us, written = self._written.get(place, (-1, 0))
        return written if written_us >= 0 and not written_us < since_us <= at_us else value
