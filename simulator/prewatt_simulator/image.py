"""A meter's registers as they stand on the wire: one bytearray per readable block of the profile.

`Layout` is what all meters of a model share: where blocks begin and end, and how each is filled in one go. `Image`
is one meter's bytes, made when a block is first touched; a read is a slice of them. What the values are is the
meter's business: it raises `version` when they changed, and a block is filled again when somebody looks at it.
"""

import struct
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.profile import Profile, Register
from prewatt_fixtures.registers import RegisterType, Value

ValueOf = Callable[[Any], Value]
"""The value of one measurement, asked of a meter, in the house's integer unit."""

_NUMBERS = {
    RegisterType.U16: ("H", 0, 0xFFFF),
    RegisterType.I16: ("h", -0x8000, 0x7FFF),
    RegisterType.U32: ("I", 0, 0xFFFF_FFFF),
    RegisterType.I32: ("i", -0x8000_0000, 0x7FFF_FFFF),
    RegisterType.HIGH_BYTE: ("Bx", 0, 0xFF),
}


class OutsideBlocks(LookupError):
    """A read leaves the readable blocks: Modbus exception 2."""


class _Block:
    """One readable range, filled by a single `struct` call."""

    def __init__(
        self, start: int, end: int, rows: list[Register], values: Mapping[Measurement, ValueOf]
    ) -> None:
        self.size = 2 * (end - start)
        rows = sorted(rows, key=lambda row: row.address)
        stops = [start, *(row.end for row in rows)]
        code = "".join(
            f"{2 * (row.address - before)}x{_code(row)}" for before, row in zip(stops, rows, strict=False)
        )
        self._struct = struct.Struct(">" + code + f"{2 * (end - stops[-1])}x")
        self._fields = [_field(row, values[row.measurement]) for row in rows]
        self._limits = [_NUMBERS[row.type][1:] if row.type in _NUMBERS else None for row in rows]

    def fill(self, block: bytearray, meter: Any) -> None:
        values = [field(meter) for field in self._fields]
        try:
            self._struct.pack_into(block, 0, *values)
        except struct.error:
            self._struct.pack_into(block, 0, *map(_saturated, values, self._limits))


def _code(row: Register) -> str:
    return _NUMBERS[row.type][0] if row.type in _NUMBERS else f"{2 * row.words}s"


def _field(row: Register, value_of: ValueOf) -> Callable[[Any], Any]:
    """What the block's `struct` takes for a row."""
    if row.type not in _NUMBERS:
        return lambda meter: row.encode(value_of(meter))
    if row.counts == 1:
        return value_of
    return lambda meter: value_of(meter) // row.counts  # type: ignore[operator]  # a number by its row


def _saturated(value: Any, limits: tuple[int, int] | None) -> Any:
    """A number too large for its register stands at the register's end, as on a display."""
    return value if limits is None else min(max(value, limits[0]), limits[1])


class Layout:
    """Blocks and rows of one model; `values` says how a meter is asked for each measurement."""

    def __init__(self, described: Profile, values: Mapping[Measurement, ValueOf]) -> None:
        blocks = sorted(described.blocks, key=lambda block: block.start)
        self.starts = [block.start for block in blocks]
        self.ends = [block.end for block in blocks]
        self.blocks = [
            _Block(
                block.start,
                block.end,
                [row for row in described.registers if block.start <= row.address < block.end],
                values,
            )
            for block in blocks
        ]
        self._by_address = {row.address: row for row in described.registers}

    def rows_written(self, address: int, count: int) -> list[Register] | None:
        """The rows that a write of `count` registers covers exactly; None when it hits a gap or half a row."""
        rows, end = [], address + count
        while address < end:
            row = self._by_address.get(address)
            if row is None or row.end > end:
                return None
            rows.append(row)
            address = row.end
        return rows


class Image:
    """One meter's register bytes."""

    __slots__ = ("_bytes", "_filled", "_layout", "version")

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._bytes: list[bytearray | None] = [None] * len(layout.starts)
        self._filled = [0] * len(layout.starts)
        self.version = 1
        """Raised by the owner when values have changed."""

    def read(self, meter: Any, address: int, count: int) -> bytearray:
        """The bytes of `count` registers, all of one instant; `OutsideBlocks` when they are not in one block."""
        layout = self._layout
        index = bisect_right(layout.starts, address) - 1
        if index < 0 or address + count > layout.ends[index]:
            raise OutsideBlocks(address)
        block = self._bytes[index]
        if block is None:
            block = self._bytes[index] = bytearray(layout.blocks[index].size)
        if self._filled[index] != self.version:
            layout.blocks[index].fill(block, meter)
            self._filled[index] = self.version
        at = 2 * (address - layout.starts[index])
        return block[at : at + 2 * count]
