"""Register layout of a model: readable ranges, and replies packed from a meter's values.

All meters of a model share one `Layout`. A requested range becomes a `View`, compiled once and cached for the model, so
that a reply costs the rows in it and one `struct` call. `device` decides how long a reply stays valid.
"""

import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from prewatt_fixtures.measurements import ENERGY, REACTIVE_ENERGY, Measurement
from prewatt_fixtures.profile import Profile, Register
from prewatt_fixtures.registers import RegisterType, Value
from prewatt_fixtures.wire.pdu import READ_HOLDING, ExceptionCode

ValueOf = Callable[[Any], Value]
"""Reads one measurement of a device, in the unit of `prewatt_fixtures.measurements`."""

Apply = Callable[[], None]
Writer = Callable[[Any, Any], Apply]
"""Checks a value for a device and returns the function that applies it. Raises `ValueError` for a refused value."""

Function = Callable[[Any, bytes, float], bytes]
"""Reply PDU of a device to a request PDU of one vendor function, at a time in Unix seconds."""

VIEWS_MAX = 256
"""Ranges cached per model. A client polls a few; the bound protects from one that asks for every range."""

_READ_PDU_BYTES = 5

_NUMBERS = {
    RegisterType.U16: ("H", 0, 0xFFFF),
    RegisterType.I16: ("h", -0x8000, 0x7FFF),
    RegisterType.U32: ("I", 0, 0xFFFF_FFFF),
    RegisterType.I32: ("i", -0x8000_0000, 0x7FFF_FFFF),
    RegisterType.HIGH_BYTE: ("Bx", 0, 0xFF),
}


class RefusedRead(Exception):
    """A read that the device refuses with `code`."""

    def __init__(self, code: ExceptionCode) -> None:
        super().__init__(code)
        self.code = code


class View:
    """Packs `count` registers from `address` on into a reply PDU of function 03H; gaps between rows read as 0."""

    def __init__(
        self,
        address: int,
        count: int,
        rows: list[Register],
        values: Mapping[Measurement, ValueOf],
        energy_range: int,
    ) -> None:
        # A read may begin or end inside a row of several registers: pack whole rows, then cut out the range.
        start = min([address, *(row.address for row in rows)])
        end = max([address + count, *(row.end for row in rows)])
        stops = [start, *(row.end for row in rows)]
        code = "".join(
            f"{2 * (row.address - before)}x{_code(row)}" for before, row in zip(stops, rows, strict=False)
        )
        self._pack = struct.Struct(f">{code}{2 * (end - stops[-1])}x").pack
        self._fields = [_field(row, _shown(row, values[row.measurement], energy_range)) for row in rows]
        self._limits = [_NUMBERS[row.type][1:] if row.type in _NUMBERS else None for row in rows]
        self._head = bytes((READ_HOLDING, 2 * count))
        self._part = slice(2 * (address - start), 2 * (address - start + count))

    def reply(self, meter: Any) -> bytes:
        """Reply PDU with the values of one instant."""
        values = [field(meter) for field in self._fields]
        # Values fit in nearly every reply, so the limits are applied only after `struct` has refused one.
        try:
            data = self._pack(*values)
        except struct.error:
            data = self._pack(*map(_saturated, values, self._limits))
        return self._head + data[self._part]


def _code(row: Register) -> str:
    return _NUMBERS[row.type][0] if row.type in _NUMBERS else f"{2 * row.words}s"


def _field(row: Register, value_of: ValueOf) -> Callable[[Any], Any]:
    """Reads a row's value in the form that its `struct` code packs."""
    if row.type not in _NUMBERS:
        return lambda meter: row.encode(value_of(meter))
    if row.counts == 1:
        return value_of
    return lambda meter: value_of(meter) // row.counts  # type: ignore[operator]  # a number by its row


def _shown(row: Register, value_of: ValueOf, energy_range: int) -> ValueOf:
    """Reads the value as the row shows it: of its month, and an energy counter modulo its range."""
    shown = _of_month(row.month, value_of)
    if row.measurement.quantity not in {ENERGY, REACTIVE_ENERGY}:
        return shown
    return lambda meter: shown(meter) % energy_range  # type: ignore[operator]  # a number by its quantity


def _of_month(month: int, value_of: ValueOf) -> ValueOf:
    """Reads the value from the counters frozen `month` months ago; from the meter itself for month 0."""
    return (lambda meter: value_of(meter.months_ago(month))) if month else value_of


def _saturated(value: Any, limits: tuple[int, int] | None) -> Any:
    """`value` limited to the range of its register type, never wrapped around."""
    return value if limits is None else min(max(value, limits[0]), limits[1])


class RefusedValue(ValueError):
    """A written value that the device refuses with Modbus exception 3."""


class Tables(NamedTuple):
    """Register tables of one kind of device: how values are read, what a write does, and vendor functions by code."""

    values: Mapping[Measurement, ValueOf]
    writers: Mapping[Measurement, Writer] = {}
    functions: Mapping[int, Function] = {}


class Layout:
    """Blocks and rows of one model, with the register tables of its kind."""

    def __init__(self, described: Profile, tables: Tables) -> None:
        self.writers = tables.writers
        self.functions = tables.functions
        self._blocks = described.readable
        self._read_max = described.limits.read_max
        self._energy_range = described.energy_range
        self._rows = sorted(described.rows, key=lambda row: row.address)
        self._by_address = {row.address: row for row in self._rows}
        self._values = tables.values
        self.view: Callable[[bytes], View] = lru_cache(VIEWS_MAX)(self._compiled)
        """The view of a read request PDU. Raises `RefusedRead`."""

    def rows_written(self, address: int, count: int) -> list[Register] | None:
        """Rows that a write of `count` registers covers; None when it covers a gap or a part of a row."""
        rows, end = [], address + count
        while address < end:
            row = self._by_address.get(address)
            if row is None or row.end > end:
                return None
            rows.append(row)
            address = row.end
        return rows

    def _compiled(self, pdu: bytes) -> View:
        address, count = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        if len(pdu) != _READ_PDU_BYTES or not 0 < count <= self._read_max:
            raise RefusedRead(ExceptionCode.ILLEGAL_VALUE)
        end = address + count
        if not any(block.start <= address and end <= block.end for block in self._blocks):
            raise RefusedRead(ExceptionCode.ILLEGAL_ADDRESS)
        rows = [row for row in self._rows if row.address < end and row.end > address]
        return View(address, count, rows, self._values, self._energy_range)
