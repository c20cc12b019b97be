"""Values of registers and coils in requests and replies, and replies made from such values. Pure functions.

A cell is (space, number); the four address spaces are named by the function code that reads them. Layouts: Modbus
Application Protocol V1.1b3, §6.
"""

from collections.abc import Sequence
from typing import NamedTuple

from prewatt_fixtures.wire import pdu as modbus

_READ_MAX = {
    modbus.READ_COILS: 2000,
    modbus.READ_DISCRETE: 2000,
    modbus.READ_HOLDING: modbus.READ_REGISTERS_MAX,
    modbus.READ_INPUT: modbus.READ_REGISTERS_MAX,
}
_BITS = frozenset({modbus.READ_COILS, modbus.READ_DISCRETE})
_WRITES = {
    modbus.WRITE_COIL: modbus.READ_COILS,
    modbus.WRITE_COILS: modbus.READ_COILS,
    modbus.WRITE_SINGLE: modbus.READ_HOLDING,
    modbus.WRITE_MULTIPLE: modbus.READ_HOLDING,
}
FUNCTIONS = frozenset(_READ_MAX) | frozenset(_WRITES)
"""Function codes that read and write cells."""

_COIL_ON = 0xFF00
_COUNTED_HEAD_BYTES = 6
_FIXED_BYTES = 5


class Access(NamedTuple):
    """The cells that a request reads or writes."""

    space: int
    address: int
    size: int
    values: tuple[int, ...] | None
    """Written values; None for a read."""

    @property
    def cells(self) -> list[tuple[int, int]]:
        """The cells, one by one."""
        return [(self.space, number) for number in range(self.address, self.address + self.size)]


def access_of(request: bytes) -> Access | None:
    """The cells of a request of one of the `FUNCTIONS`; None when it is malformed, or of another function."""
    function = request[0]
    if function not in FUNCTIONS or len(request) < _FIXED_BYTES:
        return None
    address, second = int.from_bytes(request[1:3], "big"), int.from_bytes(request[3:5], "big")
    if function in _READ_MAX:
        sound = len(request) == _FIXED_BYTES and 0 < second <= _READ_MAX[function]
        return Access(function, address, second, None) if sound else None
    space = _WRITES[function]
    if function in {modbus.WRITE_COIL, modbus.WRITE_SINGLE}:
        value = int(second == _COIL_ON) if space in _BITS else second
        return Access(space, address, 1, (value,)) if len(request) == _FIXED_BYTES else None
    data = request[_COUNTED_HEAD_BYTES:]
    if not second or len(data) != _data_bytes(space, second) or request[5] != len(data):
        return None
    return Access(space, address, second, _values(space, data, second))


def values_of(asked: Access, reply: bytes) -> tuple[int, ...]:
    """Values in the reply to a read, or values that a write confirmed."""
    return _values(asked.space, reply[2:], asked.size) if asked.values is None else asked.values


def read_reply(asked: Access, values: Sequence[int]) -> bytes:
    """Reply PDU of a read."""
    data = bytearray()
    if asked.space in _BITS:
        for at in range(0, len(values), 8):
            data.append(sum(bit << place for place, bit in enumerate(values[at : at + 8])))
    else:
        for value in values:
            data += value.to_bytes(2, "big")
    return bytes((asked.space, len(data))) + data


def write_reply(request: bytes) -> bytes:
    """Reply PDU of an executed write: function, address and value or count of the request."""
    return request[:_FIXED_BYTES]


def _data_bytes(space: int, count: int) -> int:
    return (count + 7) // 8 if space in _BITS else 2 * count


def _values(space: int, data: bytes, count: int) -> tuple[int, ...]:
    if space in _BITS:
        return tuple(data[at // 8] >> at % 8 & 1 for at in range(count))
    return tuple(int.from_bytes(data[2 * at : 2 * at + 2], "big") for at in range(count))
