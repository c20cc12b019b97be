"""A water meter with a valve: counts what its load draws while the valve is open, and what somebody lets run back.

Volume is kept in whole ml and shown cut to litres, as the nearest float of m³. It keeps no money: whoever sells the
water closes the valve.
"""

from collections.abc import Mapping
from typing import ClassVar

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.site import SiteMeter
from prewatt_simulator import left_out
from prewatt_simulator.image import Layout, ValueOf
from prewatt_simulator.meters.electrical import noise
from prewatt_simulator.meters.meter import Meter
from prewatt_simulator.meters.values import COMMON_VALUES
from prewatt_simulator.meters.writes import Apply, RefusedValue, Writer
from prewatt_simulator.trace import load_of
from prewatt_simulator.units import HOUR_MS, ML_PER_LITRE

_PIPE_FULL = 0xAA
_OPEN_BIT, _CLOSED_BIT, _ABNORMAL_BIT, _LOW_BATTERY_BIT = 1, 2, 4, 8
_COMMANDS = {1: True, 2: False}
"""What is written to the valve's register, and whether it opens."""
_BATTERY_CENTIVOLT, _LOW_BATTERY_CENTIVOLT = 360, 310
"""Of a good battery, and of one that is reported as low (ASSUMED)."""


def _valve(meter: "WaterMeter", value: int) -> Apply:
    if value not in _COMMANDS:
        raise RefusedValue(value)
    return lambda: setattr(meter, "valve_open", _COMMANDS[value])


def _valve_state(meter: "WaterMeter") -> int:
    state = _OPEN_BIT if meter.valve_open else _CLOSED_BIT
    return (
        state
        | (_ABNORMAL_BIT if meter.valve_abnormal else 0)
        | (_LOW_BATTERY_BIT if meter.battery_low else 0)
    )


def _battery(meter: "WaterMeter") -> int:
    return _LOW_BATTERY_CENTIVOLT if meter.battery_low else _BATTERY_CENTIVOLT


def _temperature(meter: "WaterMeter") -> int:
    return round(150 + 10 * noise(meter.seed, meter.settled_ms // HOUR_MS, 0))


class WaterMeter(Meter):
    """Forward volume, flow and a valve."""

    __slots__ = (
        "_zone_ms",
        "battery_low",
        "load",
        "reverse_litres",
        "seed",
        "valve_abnormal",
        "valve_open",
        "volume_ml",
    )

    values: ClassVar[Mapping[Measurement, ValueOf]] = {
        **COMMON_VALUES,
        Measurement.VOLUME_FORWARD: lambda meter: meter.volume_ml // ML_PER_LITRE,
        Measurement.VOLUME_REVERSE: lambda meter: meter.reverse_litres,
        Measurement.FLOW: lambda meter: meter.flow_litres_per_hour,
        Measurement.PIPE_STATE: lambda _: _PIPE_FULL,
        Measurement.WATER_TEMPERATURE: _temperature,
        Measurement.BATTERY_VOLTAGE: _battery,
        Measurement.VALVE: _valve_state,
    }
    writers: ClassVar[Mapping[Measurement, Writer]] = {Measurement.VALVE: _valve}

    def __init__(self, placed: SiteMeter, layout: Layout, *, now_ms: int, zone_ms: int, seed: int) -> None:
        super().__init__(placed.number, placed.profile, layout, now_ms)
        drawn = left_out.drawn_behind(placed, seed)
        self.load = load_of(drawn.shape, drawn.per_day * ML_PER_LITRE, drawn.file, "m3")
        self.volume_ml = left_out.volume_litres(placed, drawn, seed) * ML_PER_LITRE
        self.reverse_litres = 0
        self.valve_open = True
        self.valve_abnormal = False
        """Reported, and nothing else: the valve moves all the same."""
        self.battery_low = False
        self.seed = seed
        self._zone_ms = zone_ms

    @property
    def flow_litres_per_hour(self) -> int:
        """What runs through at this moment."""
        return round(self.load.per_hour(self.settled_ms + self._zone_ms)) if self.valve_open else 0

    def settle(self, now_ms: int) -> None:
        if now_ms <= self.settled_ms:
            return
        if self.valve_open:
            until, since = now_ms + self._zone_ms, self.settled_ms + self._zone_ms
            self.volume_ml += self.load.drawn(until) - self.load.drawn(since)
        self.settled_ms = now_ms
