"""The PDUs that leave for the meters.

pymodbus encodes them: the meters' end of the wire parses by its own code, so the two ends do not agree by sharing one
codec (the data of function 20H excepted, whose one known layout is `prewatt_fixtures.wire.vendor`). Replies need no
decoder: the master has compared their length and echo with the request, and what remains is register bytes, which the
profile reads; pymodbus would turn them into a list of numbers first.
"""

from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, WriteMultipleRegistersRequest

from prewatt_fixtures.wire.pymodbus_pdu import VendorRequest
from prewatt_fixtures.wire.vendor import Command


def read_holding(address: int, count: int) -> bytes:
    """03H: `count` registers from `address`."""
    return _pdu(ReadHoldingRegistersRequest(address=address, count=count))


def write_multiple(address: int, registers: tuple[int, ...]) -> bytes:
    """10H: `registers` from `address`."""
    return _pdu(WriteMultipleRegistersRequest(address=address, registers=registers))


def vendor(command: Command) -> bytes:
    """20H: a command of the vendor's; `RegisterRange` when a value does not fit its field."""
    return _pdu(VendorRequest(command))


def _pdu(message: ModbusPDU) -> bytes:
    return bytes((message.function_code,)) + message.encode()
