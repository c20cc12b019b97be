"""Control API, noun registers: read and write a device's registers by address and by measurement.

Requests go to the device itself, without bus, faults and journal. What it refuses on the wire is refused here.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.profile import Profile, Register, Writing
from prewatt_fixtures.registers import RegisterRange, RegisterType, Value
from prewatt_fixtures.wire import pdu as modbus
from prewatt_simulator.control.operation import (
    ControlContext,
    Hexadecimal,
    Operations,
    RequestModel,
    ResponseModel,
)
from prewatt_simulator.control.problem import Problem

operations = Operations("registers")

_CLOCKS = frozenset({RegisterType.CLOCK_SMH_DMY, RegisterType.CLOCK_YM_DH_MS, RegisterType.CLOCK_YM_DW_HM_S})
_READ_DATA_AT = 2


Word = Annotated[int, Field(ge=0, le=0xFFFF)]
Address = Annotated[
    Word,
    Hexadecimal,
    WithJsonSchema({"type": "string", "pattern": "^([0-9]{1,5}|0x[0-9A-Fa-f]{1,4})$"}),
]


class RegistersQuery(RequestModel):
    """A range of registers; addresses start at 0, as in the PDU."""

    address: Address
    """Decimal, or hexadecimal with the prefix 0x."""
    count: Annotated[int, Field(ge=1, le=modbus.READ_REGISTERS_MAX)] = 1


class RegistersAnswer(ResponseModel):
    """Values of a range of registers at one instant."""

    address: int
    registers: tuple[int, ...]


class RegistersBody(RequestModel):
    """Values to write, from an address on."""

    address: Annotated[Word, Hexadecimal]
    registers: Annotated[tuple[Word, ...], Field(min_length=1, max_length=modbus.WRITE_REGISTERS_MAX)]


class MeasurementAnswer(ResponseModel):
    """One value with its register address."""

    measurement: str
    address: int
    words: int
    value: int | str | None
    """A number in counts of `resolution`, text, bytes in hexadecimal, or the meter's local time."""
    unit: str
    resolution: str
    """One count in the unit, as a decimal."""
    decimal: str | None
    """The number in the unit; null for other values."""
    written_by: Writing | None
    """The function code that writes it; null for a read-only value."""


class MeasurementsAnswer(ResponseModel):
    """All values of a device."""

    measurements: tuple[MeasurementAnswer, ...]


class ValueBody(RequestModel):
    """A value as `MeasurementAnswer` shows it."""

    value: int | str


@operations.add("GET", "/meters/{number}/registers")
def read_registers(context: ControlContext, number: str, query: RegistersQuery) -> RegistersAnswer:
    """Read registers by address, as function 03H does."""
    data = _read(context, number, query.address, query.count)
    words = tuple(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    return RegistersAnswer(address=query.address, registers=words)


@operations.add("PUT", "/meters/{number}/registers")
def write_registers(context: ControlContext, number: str, body: RegistersBody) -> RegistersAnswer:
    """Write registers by address, with the function that the model supports."""
    data = b"".join(word.to_bytes(2, "big") for word in body.registers)
    _write(context, number, body.address, data)
    return RegistersAnswer(address=body.address, registers=body.registers)


@operations.add("GET", "/meters/{number}/measurements")
def read_measurements(context: ControlContext, number: str) -> MeasurementsAnswer:
    """Read all values of a device, by name."""
    profile = context.farm.view(number).profile
    rows = (row for row in profile.registers if not row.mirror)
    return MeasurementsAnswer(measurements=tuple(_measurement(context, number, row) for row in rows))


@operations.add("GET", "/meters/{number}/measurements/{measurement}")
def read_measurement(context: ControlContext, number: str, measurement: str) -> MeasurementAnswer:
    """Read one value by name."""
    return _measurement(context, number, _row(context.farm.view(number).profile, measurement))


@operations.add("PUT", "/meters/{number}/measurements/{measurement}")
def write_measurement(
    context: ControlContext, number: str, measurement: str, body: ValueBody
) -> MeasurementAnswer:
    """Write one value by name. 409 for a value that neither function 06H nor 10H writes."""
    row = _row(context.farm.view(number).profile, measurement)
    if row.written_by not in {Writing.SINGLE, Writing.MULTIPLE}:
        reason = "nothing writes it" if row.written_by is None else f"function {row.written_by} sets it"
        raise Problem(HTTPStatus.CONFLICT, "measurement", f"one that is written by 06H or 10H: {reason}")
    try:
        data = row.encode(_value(row, body.value))
    except (RegisterRange, ValueError) as wrong:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "value", str(wrong)) from wrong
    _write(context, number, row.address, data)
    return _measurement(context, number, row)


def _measurement(context: ControlContext, number: str, row: Register) -> MeasurementAnswer:
    value = row.decode(_read(context, number, row.address, row.words))
    quantity = row.measurement.quantity
    return MeasurementAnswer(
        measurement=row.measurement.key,
        address=row.address,
        words=row.words,
        value=_json(value),
        unit=quantity.unit,
        resolution=str(quantity.resolution),
        decimal=str(value * quantity.resolution) if isinstance(value, int) else None,
        written_by=row.written_by,
    )


def _row(profile: Profile, measurement: str) -> Register:
    try:
        return profile.register(Measurement.of(measurement))
    except KeyError:
        raise Problem(
            HTTPStatus.NOT_FOUND, "measurement", f"one that a {profile.model} has, not {measurement!r}"
        ) from None


def _read(context: ControlContext, number: str, address: int, count: int) -> bytes:
    reply = context.farm.ask(number, modbus.read_holding(address, count))
    if reply[0] & modbus.EXCEPTION_FLAG:
        raise _refused(reply, "address")
    return reply[_READ_DATA_AT:]


def _write(context: ControlContext, number: str, address: int, data: bytes) -> None:
    """Write by one frame of function 10H, or of 06H where the model supports no other."""
    written_by = context.farm.view(number).profile.written_by
    if Writing.SINGLE in written_by and Writing.MULTIPLE not in written_by and len(data) == 2:
        request = bytes((modbus.WRITE_SINGLE,)) + address.to_bytes(2, "big") + data
    else:
        request = modbus.write_multiple(address, data)
    reply = context.farm.ask(number, request)
    if reply[0] & modbus.EXCEPTION_FLAG:
        raise _refused(reply, "registers")


def _refused(reply: bytes, key: str) -> Problem:
    name = modbus.ExceptionCode(reply[1]).name.lower().replace("_", " ")
    expected = f"what the device takes; it answers with exception {reply[1]}, {name}"
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, key, expected)


def _json(value: Value) -> int | str | None:
    match value:
        case bytes():
            return value.hex()
        case datetime():
            return value.isoformat()
        case Decimal():
            return str(value)
        case _:
            return value


def _value(row: Register, given: int | str) -> Any:
    if row.type in _CLOCKS:
        return _parsed(datetime.fromisoformat, given, "the meter's local time, such as 2026-01-05T08:00:00")
    if row.type is RegisterType.BYTES:
        return _parsed(bytes.fromhex, given, "hexadecimal digits, two a byte")
    return given


def _parsed(parse: Callable[[str], Any], given: int | str, expected: str) -> Any:
    try:
        parsed = parse(str(given))
    except ValueError:
        raise ValueError(f"{expected}, not {given!r}") from None
    if getattr(parsed, "tzinfo", None) is not None:
        raise ValueError(f"{expected}, without an offset")
    return parsed
