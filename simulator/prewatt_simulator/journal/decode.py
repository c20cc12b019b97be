"""Describes request and reply PDUs for journals. Knows no profiles: registers are shown by address."""

from decimal import Decimal

from prewatt_fixtures.wire import pdu as modbus
from prewatt_fixtures.wire import vendor
from prewatt_fixtures.wire.vendor_controls import (
    ClearTrips,
    Forced,
    ForcedControl,
    LimitsChange,
    LoadControl,
    PlanChange,
    TimeControl,
)

_READS = {
    modbus.READ_COILS: "coils",
    modbus.READ_DISCRETE: "discrete inputs",
    modbus.READ_HOLDING: "registers",
    modbus.READ_INPUT: "input registers",
}
_WRITES = {
    modbus.WRITE_COIL: "coil",
    modbus.WRITE_SINGLE: "register",
    modbus.WRITE_COILS: "coils",
    modbus.WRITE_MULTIPLE: "registers",
}
_HEAD_BYTES = 5


def describe_request(pdu: bytes) -> str:
    """Description of a request, such as `read registers 0000H-0001H`."""
    function = pdu[0]
    if function == modbus.VENDOR:
        return _describe_command(pdu)
    if len(pdu) >= _HEAD_BYTES:
        start, second = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        if function in _READS:
            return f"read {_READS[function]} {_range(start, second)}"
        if function in {modbus.WRITE_COIL, modbus.WRITE_SINGLE}:
            return f"write {_WRITES[function]} {start:04X}H = {pdu[3:5].hex()}"
        if function in _WRITES:
            return f"write {_WRITES[function]} {_range(start, second)} = {pdu[6:].hex()}"
    return f"function {function:02X}H, data {pdu[1:].hex() or 'none'}"


def describe_reply(request: bytes, reply: bytes) -> str:
    """Description of a reply, such as `0000 2710` or `exception 06 busy`."""
    if len(reply) == 2 and reply[0] & modbus.EXCEPTION_FLAG:
        return f"exception {reply[1]:02X} {_exception_name(reply[1])}"
    if not modbus.reply_fits(request, reply):
        return f"no answer to that: {reply.hex()}"
    if reply[0] in {modbus.READ_HOLDING, modbus.READ_INPUT}:
        return reply[2:].hex(" ", 2)
    if reply[0] in _READS:
        return reply[2:].hex()
    if reply[0] == modbus.VENDOR:
        return _describe_result(reply)
    return "done" if reply[0] in _WRITES else reply[1:].hex()


def _range(start: int, count: int) -> str:
    return f"{start:04X}H" if count == 1 else f"{start:04X}H-{start + max(count, 1) - 1:04X}H"


def _exception_name(code: int) -> str:
    try:
        return modbus.ExceptionCode(code).name.lower().replace("_", " ")
    except ValueError:
        return "of no known meaning"


def _describe_command(pdu: bytes) -> str:
    try:
        command = vendor.decode_request(pdu)
    except (vendor.MalformedVendorFrame, vendor.UnknownVendorAddress) as wrong:
        return f"function 20H, malformed: {wrong}"
    match command:
        case vendor.TopUp(amount_fen, purchase_count):
            return f"top up {_yuan(amount_fen)} as purchase {purchase_count}"
        case vendor.SetClock(at):
            return f"set the clock to {at}"
        case vendor.MoneyControl():
            return f"money control: {_describe_fields(command)}"
        case LoadControl() | TimeControl():
            name = "load" if isinstance(command, LoadControl) else "time"
            phases = "; ".join(_describe_fields(phase) for phase in command.phases)
            switch = "" if command.switch is None else f"switch {command.switch:04b}, "
            return f"{name} control: {switch}{phases}"
        case ClearTrips():
            return "clear the trip count"
        case ForcedControl(phases):
            return "forced control: " + ", ".join(
                f"L{number} {_describe_forced(phase)}" for number, phase in enumerate(phases, 1) if phase
            )


def _describe_forced(phase: Forced) -> str:
    if not phase.on:
        return "off"
    return "open" if phase.is_open else "closed"


def _describe_fields(command: vendor.MoneyControl | LimitsChange | PlanChange) -> str:
    values = {name: getattr(command, name) for name in command.__slots__}
    return ", ".join(f"{name} {value}" for name, value in values.items() if value is not None) or "nothing"


def _describe_result(pdu: bytes) -> str:
    try:
        reply = vendor.decode_reply(pdu)
    except vendor.MalformedVendorFrame as wrong:
        return f"malformed: {wrong}"
    return f"{reply.result.name.lower().replace('_', ' ')}, remaining {_yuan(reply.remaining_fen)}"


def _yuan(amount_fen: int) -> str:
    return str(Decimal(amount_fen).scaleb(-2))
