"""Port settings of a device: bus address, speed and parity.

Written values are in the device's settings. Before any is written, the address is the one in the meter number, speed
and parity are those of the line. The profile has the baud codes. Stop bits have no effect, because a receiver that
expects one stop bit understands two.
"""

from collections.abc import Mapping

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.wire.pdu import UNITS
from prewatt_simulator.devices.device import Meter
from prewatt_simulator.devices.layout import Apply, RefusedValue, Writer
from prewatt_simulator.devices.segment import Segment

_PARITIES = "NEO"
"""Parities in the order of their codes."""
_PACKED_PARITY_AT = 2
"""Offset of the parity in `packed_settings`."""
_STOP_BITS = 2
"""Number of codes of the stop bits, and of the parity in `packed_settings`."""


def attached_devices(segment: Segment[Meter]) -> list[tuple[int, Meter]]:
    """Pairs of unit id and device, for the devices set to the line's speed and parity; an id may occur twice."""
    return [(address(device), device) for device in segment.devices if matches_line(device)]


def address(meter: Meter) -> int:
    """Unit id to which the device answers."""
    if meter.profile.has(Measurement.PORT_SETTINGS):
        return packed_settings(meter)[0]
    written = meter.settings.get(Measurement.SLAVE_ADDRESS)
    return written if isinstance(written, int) else int(meter.number[8:], 16)


def matches_line(meter: Meter) -> bool:
    """Whether the device is set to the speed and parity of its line."""
    return (baud_code(meter), _parity(meter)) == (_line_code(meter), meter.segment.parity)


def baud_code(meter: Meter) -> int:
    """Speed of the device as the profile's code."""
    if meter.profile.has(Measurement.PORT_SETTINGS):
        return packed_settings(meter)[1]
    written = meter.settings.get(Measurement.BAUD_CODE)
    return written if isinstance(written, int) else _line_code(meter)


def parity_code(meter: Meter) -> int:
    """Value of the parity register: parity and stop bits, a byte each."""
    written = meter.settings.get(Measurement.PARITY_CODE)
    return written if isinstance(written, int) else _PARITIES.index(meter.segment.parity) << 8


def packed_settings(meter: Meter) -> bytes:
    """Value of the packed port registers: address and baud code; in a second register parity and stop bits."""
    written = meter.settings.get(Measurement.PORT_SETTINGS)
    if isinstance(written, bytes):
        return written
    first = (int(meter.number[8:], 16), _line_code(meter), _PARITIES.index(meter.segment.parity), 0)
    return bytes(first)[: 2 * meter.profile.register(Measurement.PORT_SETTINGS).words]


def _line_code(meter: Meter) -> int:
    return meter.profile.baud_codes.get(meter.segment.baud, 0)


def _parity(meter: Meter) -> str:
    if meter.profile.has(Measurement.PARITY_CODE):
        return _PARITIES[parity_code(meter) >> 8]
    if meter.profile.has(Measurement.PORT_SETTINGS) and len(packed := packed_settings(meter)) > 2:
        return _PARITIES[packed[_PACKED_PARITY_AT]]
    return meter.segment.parity


def _setting(measurement: Measurement) -> Writer:
    def writer(meter: Meter, value: int | bytes) -> Apply:
        if not _fits(meter, measurement, value):
            raise RefusedValue(value)

        def apply() -> None:
            meter.set(measurement, value)
            meter.segment.on_port_set()

        return apply

    return writer


def _fits(meter: Meter, measurement: Measurement, value: int | bytes) -> bool:
    codes = meter.profile.baud_codes.values()
    match measurement, value:
        case Measurement.SLAVE_ADDRESS, int():
            return value in UNITS
        case Measurement.BAUD_CODE, int():
            return value in codes
        case Measurement.PARITY_CODE, int():
            return value >> 8 < len(_PARITIES) and value & 0xFF < _STOP_BITS
        case _, bytes():
            parity_and_stop = value[_PACKED_PARITY_AT:]
            return value[0] in UNITS and value[1] in codes and max(parity_and_stop, default=0) < _STOP_BITS
    return False


PORT_WRITERS: Mapping[Measurement, Writer] = {
    measurement: _setting(measurement)
    for measurement in (
        Measurement.SLAVE_ADDRESS,
        Measurement.BAUD_CODE,
        Measurement.PARITY_CODE,
        Measurement.PORT_SETTINGS,
    )
}
