"""A recorded device: answers with its recorded registers, exceptions and silences.

A cell is a register or a coil. At each moment of the recording

- a cell has the value last read from or written to it; before its first appearance, the first value;
- a request that was last refused, or not answered, is refused or not answered again;
- a read of cells that all appear is answered, however they were grouped; any other gets exception 2;
- a write of cells that all appear is executed: they keep the written value until the recording has a newer one;
- a request of another function gets the reply that it last got; one that does not appear gets exception 1.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

from prewatt_fixtures.wire.pdu import EXCEPTION_FLAG, ExceptionCode, exception, reply_fits
from prewatt_simulator.line.bus import NO_DEVICE
from prewatt_simulator.recording.file import Exchange
from prewatt_simulator.recording.playback import Playback
from prewatt_simulator.recording.registers import (
    FUNCTIONS,
    Access,
    access_of,
    read_reply,
    values_of,
    write_reply,
)

T = TypeVar("T")

_FROM_CELLS = b""
"""Takes the place of a recorded reply that can be made from the cells."""


class _Timeline(Generic[T]):
    """A value over time: the last one added, and before the first, the first."""

    __slots__ = ("_at_us", "_values")

    def __init__(self) -> None:
        self._at_us: list[int] = []
        self._values: list[T] = []

    def add(self, at_us: int, value: T) -> None:
        """Add the value from `at_us` on; times never fall."""
        if not self._values or self._values[-1] != value:
            self._at_us.append(at_us)
            self._values.append(value)

    def at(self, at_us: int) -> tuple[int, T]:
        """The value at `at_us`, and the time since which it holds: later than `at_us` before the first value."""
        index = max(bisect_right(self._at_us, at_us) - 1, 0)
        return self._at_us[index], self._values[index]


class _Register(NamedTuple):
    address: int

    @property
    def end(self) -> int:
        return self.address + 1


class RecordedDevice:
    """Device built from the exchanges of one unit, in order of time."""

    model = "recorded device"

    def __init__(self, number: str, exchanges: Iterable[Exchange], playback: Playback) -> None:
        self.number = number
        self.settled_ms = playback.start_ms
        self._playback = playback
        self._round = 0
        self._cells: dict[tuple[int, int], _Timeline[int]] = {}
        self._outcomes: dict[bytes, _Timeline[bytes | None]] = {}
        self._written: dict[tuple[int, int], tuple[int, int]] = {}
        for exchange in exchanges:
            self._outcomes.setdefault(exchange.request, _Timeline()).add(
                exchange.at_us, self._learn(exchange)
            )

    def is_silent(self, pdu: bytes, now_s: float) -> bool:
        """Whether it answered that request with silence."""
        return self._reply(pdu, now_s) is None

    def receive(self, pdu: bytes, now_s: float) -> bytes:
        """Reply PDU; `NO_DEVICE` for silence."""
        reply = self._reply(pdu, now_s)
        self.settled_ms = int(now_s * 1000)
        asked = access_of(pdu)
        if reply and not reply[0] & EXCEPTION_FLAG and asked is not None and asked.values is not None:
            at_us = self._playback.position(now_s).at_us
            self._written.update(
                (cell, (at_us, value)) for cell, value in zip(asked.cells, asked.values, strict=True)
            )
        return NO_DEVICE if reply is None else reply

    def rows_written(self, address: int, count: int) -> list[_Register] | None:
        """One row per register: a recording does not show which registers form a value."""
        asked = Access(3, address, count, None)
        if not all(cell in self._cells for cell in asked.cells):
            return None
        return [_Register(number) for _, number in asked.cells]

    def _learn(self, exchange: Exchange) -> bytes | None:
        """Add the values of an exchange to the cells; return what `_outcomes` keeps of its reply."""
        request, reply = exchange.request, exchange.reply
        asked = access_of(request)
        if reply is None or asked is None or reply[0] & EXCEPTION_FLAG or not reply_fits(request, reply):
            return reply
        for cell, value in zip(asked.cells, values_of(asked, reply), strict=True):
            self._cells.setdefault(cell, _Timeline()).add(exchange.at_us, value)
        return _FROM_CELLS

    def _reply(self, pdu: bytes, now_s: float) -> bytes | None:
        # A loop starts again with the recorded values: writes of the round before are dropped.
        position = self._playback.position(now_s)
        if position.round != self._round:
            self._round = position.round
            self._written.clear()
        heard = self._outcomes.get(pdu)
        if heard is not None:
            since_us, outcome = heard.at(position.at_us)
            # a refusal that is still to come counts only where the cells cannot answer
            if outcome != _FROM_CELLS and (since_us <= position.at_us or not self._knows(pdu)):
                return outcome
        return self._reply_from_cells(pdu, position.at_us)

    def _knows(self, pdu: bytes) -> bool:
        asked = access_of(pdu)
        return asked is not None and all(cell in self._cells for cell in asked.cells)

    def _reply_from_cells(self, pdu: bytes, at_us: int) -> bytes:
        if pdu[0] not in FUNCTIONS:
            return exception(pdu[0], ExceptionCode.ILLEGAL_FUNCTION)
        asked = access_of(pdu)
        if asked is None:
            return exception(pdu[0], ExceptionCode.ILLEGAL_VALUE)
        if not self._knows(pdu):
            return exception(pdu[0], ExceptionCode.ILLEGAL_ADDRESS)
        if asked.values is not None:
            return write_reply(pdu)
        return read_reply(asked, [self._value(cell, at_us) for cell in asked.cells])

    def _value(self, cell: tuple[int, int], at_us: int) -> int:
        since_us, value = self._cells[cell].at(at_us)
        # a write of this replay wins until the recording has a newer value of the cell
        written_us, written = self._written.get(cell, (-1, 0))
        return written if written_us >= 0 and not written_us < since_us <= at_us else value
