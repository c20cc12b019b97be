"""Base of all Modbus devices: register reads and writes, exceptions. No energy, no money.

State is computed on demand: `settle` advances it from the last request to this one. Registers show the values of the
running measuring period (one second, as real meters refresh them), so that frequent reads change nothing; a write shows
at once. Subclasses implement `settle`; the register tables of `registers` say what a row reads and what a write does.
"""

import copy
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Self

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.profile import Profile, Register, Writing
from prewatt_fixtures.registers import Value
from prewatt_fixtures.wire.pdu import (
    READ_HOLDING,
    READ_INPUT,
    WRITE_MULTIPLE,
    WRITE_REGISTERS_MAX,
    WRITE_SINGLE,
    ExceptionCode,
    exception,
)
from prewatt_simulator.devices.layout import Apply, Layout, RefusedRead
from prewatt_simulator.devices.segment import Segment

MEASURING_PERIOD_MS = 1000
_NO_SEGMENT: "Segment[Meter]" = Segment()

NO_SETTINGS: Mapping[Measurement, Value] = MappingProxyType({})
"""Empty settings, shared by all devices to which nothing was written."""
_WRITE_HEAD_BYTES = 6
_WRITE_SINGLE_PDU_BYTES = 5


@lru_cache(4)
def _period(number: int) -> tuple[int, float]:
    """Start in milliseconds and end in seconds of a measuring period. Cached: meters read in one period share both."""
    return number * MEASURING_PERIOD_MS, (number + 1) * MEASURING_PERIOD_MS / 1000


class Meter:
    """One device on a bus. Subclasses implement `settle`, the change of its state over time."""

    __slots__ = (
        "_fresh_until_s",
        "_last_reply",
        "_last_request",
        "_layout",
        "number",
        "profile",
        "segment",
        "settings",
        "settled_ms",
    )

    def __init__(self, number: str, profile: Profile, layout: Layout, now_ms: int) -> None:
        self.number = number
        self.profile = profile
        self.settings = NO_SETTINGS
        """Values written to registers that have no other effect."""
        self.settled_ms = now_ms
        """Time up to which the state is computed, Unix milliseconds."""
        self.segment = _NO_SEGMENT
        """The line to which it is attached."""
        self._layout = layout
        self._last_request = self._last_reply = b""
        """The last read request, and its reply, which is sent again until the measuring period ends."""
        self._fresh_until_s = 0.0
        """End of the measuring period that the registers show, Unix seconds."""

    @property
    def model(self) -> str:
        """Model name of its profile."""
        return self.profile.model

    def receive(self, pdu: bytes, now_s: float) -> bytes:
        """Reply PDU to a request PDU at `now_s`, Unix seconds. Never raises, whatever follows the function code."""
        if pdu[0] == READ_HOLDING:
            if now_s >= self._fresh_until_s:
                self._measure(now_s)
            return self._last_reply if pdu == self._last_request else self._read(pdu)
        if pdu[0] == WRITE_MULTIPLE:
            return self._write(pdu, now_s)
        return self.other_function(pdu, now_s)

    def other_function(self, pdu: bytes, now_s: float) -> bytes:
        """Reply to a function other than 03H and 10H: 04H, 06H and vendor functions, where the model has them."""
        if pdu[0] == READ_INPUT and self.profile.input_function:
            reply = self.receive(bytes((READ_HOLDING,)) + pdu[1:], now_s)
            return bytes((reply[0] - READ_HOLDING + READ_INPUT,)) + reply[1:]
        if pdu[0] == WRITE_SINGLE and Writing.SINGLE in self.profile.written_by:
            return self._write_single(pdu, now_s)
        function = self._layout.functions.get(pdu[0])
        if function is not None:
            return function(self, pdu, now_s)
        return exception(pdu[0], ExceptionCode.ILLEGAL_FUNCTION)

    def settle(self, now_ms: int) -> None:
        """Advance the state from `settled_ms` to `now_ms`, Unix milliseconds; does nothing for an earlier time."""
        raise NotImplementedError

    def rows_written(self, address: int, count: int) -> list[Register] | None:
        """Rows that a write of `count` registers covers; None when it covers a gap or a part of a row."""
        return self._layout.rows_written(address, count)

    def touch(self, now_s: float) -> None:
        """Settle to `now_s` and drop the cached reply. Call it before a change of state.

        The time up to now then counts under the old state, and the next read shows the new one.
        """
        self.settle(int(now_s * 1000))
        self.discard_reply()

    def discard_reply(self) -> None:
        """Drop the cached reply, so that the next read is answered from the state."""
        self._last_request = b""

    def set(self, measurement: Measurement, value: Value) -> None:
        """Store the value of a register that has no other effect."""
        # a new mapping, not an update: copies of the meter share the old one
        self.settings = {**self.settings, measurement: value}

    def check_setting(self, measurement: Measurement, value: Value) -> None:
        """Raise `ValueError` when a write of `value` to that register would be refused. Changes nothing."""
        self.profile.register(measurement).encode(value)
        self._change(measurement, value)

    def _read(self, pdu: bytes) -> bytes:
        try:
            self._last_reply = self._layout.view(pdu).reply(self)
        except RefusedRead as refused:
            return exception(READ_HOLDING, refused.code)
        self._last_request = pdu
        return self._last_reply

    def _measure(self, now_s: float) -> None:
        began_ms, self._fresh_until_s = _period(int(now_s * 1000) // MEASURING_PERIOD_MS)
        self.settle(began_ms)
        self.discard_reply()

    def copy(self) -> Self:
        """A copy that can be settled to the present without changing what this meter's registers show."""
        return copy.copy(self)

    def replace_with(self, other: Self) -> None:
        """Take over the whole state of `other`, except for the segment."""
        segment = self.segment
        for kind in type(self).__mro__:
            for name in getattr(kind, "__slots__", ()):
                setattr(self, name, getattr(other, name))
        self.segment = segment

    def _write(self, pdu: bytes, now_s: float) -> bytes:
        if Writing.MULTIPLE not in self.profile.written_by:
            return exception(WRITE_MULTIPLE, ExceptionCode.ILLEGAL_FUNCTION)
        data = pdu[_WRITE_HEAD_BYTES:]
        count = int.from_bytes(pdu[3:5], "big")
        sound = len(pdu) > _WRITE_HEAD_BYTES and len(data) == pdu[5] == 2 * count
        if not sound or not 0 < count <= WRITE_REGISTERS_MAX:
            return exception(WRITE_MULTIPLE, ExceptionCode.ILLEGAL_VALUE)
        refused = self._apply_write(int.from_bytes(pdu[1:3], "big"), data, Writing.MULTIPLE, now_s)
        return pdu[:5] if refused is None else exception(WRITE_MULTIPLE, refused)

    def _write_single(self, pdu: bytes, now_s: float) -> bytes:
        if len(pdu) != _WRITE_SINGLE_PDU_BYTES:
            return exception(WRITE_SINGLE, ExceptionCode.ILLEGAL_VALUE)
        refused = self._apply_write(int.from_bytes(pdu[1:3], "big"), pdu[3:], Writing.SINGLE, now_s)
        return pdu if refused is None else exception(WRITE_SINGLE, refused)

    def _apply_write(self, address: int, data: bytes, by: Writing, now_s: float) -> ExceptionCode | None:
        """Write all of `data` from `address` on and return None; or write nothing and return the exception code."""
        rows = self._layout.rows_written(address, len(data) // 2)
        if rows is None or any(row.written_by is not by for row in rows):
            return ExceptionCode.ILLEGAL_ADDRESS
        # All values are checked before the first is applied, so that a frame is written whole or not at all.
        self.touch(now_s)
        changes = []
        for row in rows:
            value, data = row.decode(data[: 2 * row.words]), data[2 * row.words :]
            try:
                changes.append(self._change(row.measurement, value))
            except ValueError:
                return ExceptionCode.ILLEGAL_VALUE
        for change in changes:
            change()
        return None

    def _change(self, measurement: Measurement, value: Value) -> Apply:
        writer = self._layout.writers.get(measurement)
        if writer is not None:
            return writer(self, value)
        return lambda: self.set(measurement, value)
