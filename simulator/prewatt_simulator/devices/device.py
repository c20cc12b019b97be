"""Base of all Modbus devices: register reads and writes, exceptions. No energy, no money.

A meter is lazy: it lives through the time since it was last touched when it is touched again. Registers show the
values of the running measuring period (one second, as real meters refresh them), so that reading more often changes
nothing; a write shows at once. What a kind of meter measures, and what a write does, its class says.
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
from prewatt_simulator.devices.layout import Apply, Layout, NoView
from prewatt_simulator.devices.segment import Segment

MEASURING_PERIOD_MS = 1000
_NO_SEGMENT: "Segment[Meter]" = Segment()

NO_SETTINGS: Mapping[Measurement, Value] = MappingProxyType({})
"""Shared by all devices to which nothing was written."""
_WRITE_HEAD_BYTES = 6
_WRITE_SINGLE_PDU_BYTES = 5


@lru_cache(4)
def _period(number: int) -> tuple[int, float]:
    """Beginning in milliseconds and end in seconds of a measuring period; all meters measured in it share them."""
    return number * MEASURING_PERIOD_MS, (number + 1) * MEASURING_PERIOD_MS / 1000


class Meter:
    """One device on a bus. Subclasses say what time does (`settle`) and what writing a register does."""

    __slots__ = (
        "_asked",
        "_fresh_until_s",
        "_layout",
        "_reply",
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
        """What was written to registers that drive nothing."""
        self.settled_ms = now_ms
        self.segment = _NO_SEGMENT
        """What it hangs on."""
        self._layout = layout
        self._asked = self._reply = b""
        """The last read, and its reply, which still holds."""
        self._fresh_until_s = 0.0

    @property
    def model(self) -> str:
        """As its profile is called."""
        return self.profile.model

    def receive(self, pdu: bytes, now_s: float) -> bytes:
        """Reply PDU to a request PDU at `now_s`. Never raises, for any bytes behind the function code."""
        if pdu[0] == READ_HOLDING:
            if now_s >= self._fresh_until_s:
                self._measure(now_s)
            return self._reply if pdu == self._asked else self._read(pdu)
        if pdu[0] == WRITE_MULTIPLE:
            return self._write(pdu, now_s)
        return self.other_function(pdu, now_s)

    def other_function(self, pdu: bytes, now_s: float) -> bytes:
        """The reply to a function other than 03H and 10H: 04H and 06H where the profile has them."""
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
        """Live through the time up to `now_ms`."""
        raise NotImplementedError

    def rows_written(self, address: int, count: int) -> list[Register] | None:
        """The rows that a write of `count` registers covers exactly; None when it hits a gap or half a row."""
        return self._layout.rows_written(address, count)

    def touch(self, now_s: float) -> None:
        """Settle up to this very moment, because something is about to change, and let registers show it."""
        self.settle(int(now_s * 1000))
        self.discard_reply()

    def discard_reply(self) -> None:
        """What registers showed no longer holds."""
        self._asked = b""

    def set(self, measurement: Measurement, value: Value) -> None:
        """Keep a value in a register that drives nothing."""
        self.settings = {**self.settings, measurement: value}

    def _read(self, pdu: bytes) -> bytes:
        try:
            self._reply = self._layout.view(pdu).reply(self)
        except NoView as refused:
            return exception(READ_HOLDING, refused.code)
        self._asked = pdu
        return self._reply

    def _measure(self, now_s: float) -> None:
        began_ms, self._fresh_until_s = _period(int(now_s * 1000) // MEASURING_PERIOD_MS)
        self.settle(began_ms)
        self.discard_reply()

    def copy_of(self) -> Self:
        """A copy that can be settled to the present without changing the registers shown."""
        return copy.copy(self)

    def replace_with(self, other: Self) -> None:
        """Take over the whole state of `other`; the segment stays."""
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
        refused = self._take(int.from_bytes(pdu[1:3], "big"), data, Writing.MULTIPLE, now_s)
        return pdu[:5] if refused is None else exception(WRITE_MULTIPLE, refused)

    def _write_single(self, pdu: bytes, now_s: float) -> bytes:
        if len(pdu) != _WRITE_SINGLE_PDU_BYTES:
            return exception(WRITE_SINGLE, ExceptionCode.ILLEGAL_VALUE)
        refused = self._take(int.from_bytes(pdu[1:3], "big"), pdu[3:], Writing.SINGLE, now_s)
        return pdu if refused is None else exception(WRITE_SINGLE, refused)

    def _take(self, address: int, data: bytes, by: Writing, now_s: float) -> ExceptionCode | None:
        """Write all of `data` from `address` on, or nothing and the reason."""
        rows = self._layout.rows_written(address, len(data) // 2)
        if rows is None or any(row.written_by is not by for row in rows):
            return ExceptionCode.ILLEGAL_ADDRESS
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
