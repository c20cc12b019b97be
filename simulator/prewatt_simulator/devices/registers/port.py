"""Port settings of a device: address, baud and parity, from its registers or from the site.

What was written stands in the device's settings; until something was, it is set as the site says: to the address in
its number, and to the speed and parity of its line. Baud codes are the profile's. Stop bits drive nothing: who waits
for one hears two.
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
_PACKED_PARITIES = _STOP_BITS = 2


def attached_devices(segment: Segment[Meter]) -> list[tuple[int, Meter]]:
    """The devices set to the segment's speed and parity, with the unit id each answers to; an id may occur twice."""
    return [(address(device), device) for device in segment.devices if understands_line(device)]


def address(meter: Meter) -> int:
    """The unit id that the device answers to."""
    if meter.profile.has(Measurement.PORT_SETTINGS):
        return packed_settings(meter)[0]
    written = meter.settings.get(Measurement.SLAVE_ADDRESS)
    return written if isinstance(written, int) else int(meter.number[8:], 16)


def understands_line(meter: Meter) -> bool:
    """Whether the device is set to the speed and parity that its line runs at."""
    return (baud_code(meter), _parity(meter)) == (_code_of_line(meter), meter.segment.parity)


def baud_code(meter: Meter) -> int:
    """The speed that the device is set to, in its profile's code."""
    if meter.profile.has(Measurement.PORT_SETTINGS):
        return packed_settings(meter)[1]
    written = meter.settings.get(Measurement.BAUD_CODE)
    return written if isinstance(written, int) else _code_of_line(meter)


def parity_code(meter: Meter) -> int:
    """Parity and stop bits in one register, a byte each."""
    written = meter.settings.get(Measurement.PARITY_CODE)
    return written if isinstance(written, int) else _PARITIES.index(meter.segment.parity) << 8


def packed_settings(meter: Meter) -> bytes:
    """Address and baud code in one register; where the row has two, parity and stop bits in the second."""
    written = meter.settings.get(Measurement.PORT_SETTINGS)
    if isinstance(written, bytes):
        return written
    first = (int(meter.number[8:], 16), _code_of_line(meter), _PARITIES.index(meter.segment.parity), 0)
    return bytes(first)[: 2 * meter.profile.register(Measurement.PORT_SETTINGS).words]


def _code_of_line(meter: Meter) -> int:
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
