"""Register tables of water meters: volume, flow, valve command and state, battery."""

from collections.abc import Mapping

from prewatt_fixtures.measurements import Measurement
from prewatt_simulator.devices.energy.electrical import noise
from prewatt_simulator.devices.layout import Apply, RefusedValue, ValueOf, Writer
from prewatt_simulator.devices.registers.values import COMMON_VALUES
from prewatt_simulator.devices.water import WaterMeter
from prewatt_simulator.units import HOUR_MS, ML_PER_LITRE

_PIPE_FULL = 0xAA
_OPEN_BIT, _CLOSED_BIT, _ABNORMAL_BIT, _LOW_BATTERY_BIT = 1, 2, 4, 8
_COMMANDS = {1: True, 2: False}
"""Values written to the valve register, and whether the valve opens."""
_BATTERY_CENTIVOLT, _LOW_BATTERY_CENTIVOLT = 360, 310
"""Voltage of a good and of a low battery in 0.01 V (ASSUMED)."""


def _valve(meter: WaterMeter, value: int) -> Apply:
    if value not in _COMMANDS:
        raise RefusedValue(value)
    return lambda: setattr(meter, "valve_open", _COMMANDS[value])


def _valve_state(meter: WaterMeter) -> int:
    state = _OPEN_BIT if meter.valve_open else _CLOSED_BIT
    return (
        state
        | (_ABNORMAL_BIT if meter.valve_abnormal else 0)
        | (_LOW_BATTERY_BIT if meter.battery_low else 0)
    )


def _battery(meter: WaterMeter) -> int:
    return _LOW_BATTERY_CENTIVOLT if meter.battery_low else _BATTERY_CENTIVOLT


def _temperature(meter: WaterMeter) -> int:
    return round(150 + 10 * noise(meter.seed, meter.settled_ms // HOUR_MS, 0))


WATER_VALUES: Mapping[Measurement, ValueOf] = {
    **COMMON_VALUES,
    Measurement.VOLUME_FORWARD: lambda meter: meter.volume_ml // ML_PER_LITRE,
    Measurement.VOLUME_REVERSE: lambda meter: meter.reverse_litres,
    Measurement.FLOW: lambda meter: meter.flow_litres_per_hour,
    Measurement.PIPE_STATE: lambda _: _PIPE_FULL,
    Measurement.WATER_TEMPERATURE: _temperature,
    Measurement.BATTERY_VOLTAGE: _battery,
    Measurement.VALVE: _valve_state,
}
WATER_WRITERS: Mapping[Measurement, Writer] = {Measurement.VALVE: _valve}
