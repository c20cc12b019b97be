"""Climate controllers: measure temperature and humidity, switch heaters and fans.

The air at a sensor, and a fault of the sensor, can be set from outside; otherwise the air follows a slow curve that is a
pure function of seed and time (ASSUMED). A controller samples its sensors once a minute and after every setting, so that
frequent reads change nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from prewatt_fixtures.measurements import CHANNELS, Measurement
from prewatt_fixtures.profile import Profile
from prewatt_fixtures.registers import Value
from prewatt_fixtures.site import SiteMeter
from prewatt_simulator.devices.device import Meter
from prewatt_simulator.devices.energy.electrical import noise
from prewatt_simulator.devices.layout import Layout
from prewatt_simulator.units import DAY_MS, HOUR_MS

SAMPLE_MS = 60_000
"""Interval at which a climate controller samples its sensors (ASSUMED)."""


@dataclass(frozen=True, slots=True)
class Air:
    """Temperature in 0.1 °C and humidity in 0.1 %."""

    temperature: int
    humidity: int


BROKEN_SENSOR = Air(temperature=0x7FFF, humidity=0xFFFF)
"""Register values of a channel with a broken sensor: the largest that the registers hold (ASSUMED)."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One threshold of a channel and the bit of the output register that it switches."""

    channel: int
    bit: int
    measured: str
    threshold: Measurement
    start: int
    """The threshold before one is written, in 0.1 °C or 0.1 %."""
    rising: bool
    """True: on at or above the threshold; False: on at or below it."""

    def decide(self, air: Air, threshold: int, hysteresis: int) -> bool | None:
        """Whether the output is on; None inside the hysteresis, where it keeps its state."""
        beyond = (getattr(air, self.measured) - threshold) * (1 if self.rising else -1)
        if beyond >= 0:
            return True
        return False if beyond <= -hysteresis else None


def _switches(channel: int) -> tuple[Switch, ...]:
    heater, fan = channel - 1, channel - 1 + len(CHANNELS)
    cold, damp, hot = (
        Measurement.of(f"{name}_{channel}") for name in ("heat_below", "dry_above", "ventilate_above")
    )
    return (
        Switch(channel, heater, "temperature", cold, start=50, rising=False),
        Switch(channel, heater, "humidity", damp, start=850, rising=True),
        Switch(channel, fan, "temperature", hot, start=350, rising=True),
    )


SWITCHES = tuple(switch for channel in CHANNELS for switch in _switches(channel))
_HYSTERESIS_START = 20


class ClimateController(Meter):
    """Climate controller with a heater and a fan per channel: WHD."""

    __slots__ = ("_seed", "_set_air", "_switched_on", "_zone_ms", "faulty")

    def __init__(self, placed: SiteMeter, layout: Layout, *, now_ms: int, zone_ms: int, seed: int) -> None:
        super().__init__(placed.number, placed.profile, layout, now_ms)
        self._seed = seed
        self._zone_ms = zone_ms
        self._set_air: Mapping[int, Air] = {}
        self.faulty: frozenset[int] = frozenset()
        """Channels whose sensor is broken."""
        self._switched_on: frozenset[Switch] = frozenset()
        self._sample(now_ms, now_ms)

    @property
    def outputs(self) -> int:
        """Value of the output register: heaters in bits 0 to 2, fans in bits 3 to 5."""
        return sum({1 << switch.bit for switch in self._switched_on})

    def heater_on(self, channel: int) -> bool:
        """Whether the heater of a channel is on."""
        return bool(self.outputs & 1 << channel - 1)

    def fan_on(self, channel: int) -> bool:
        """Whether the fan of a channel is on."""
        return bool(self.outputs & 1 << channel - 1 + len(CHANNELS))

    @property
    def hysteresis(self) -> int:
        """Distance from a threshold at which its output goes off, in 0.1 °C or 0.1 %."""
        return int(self.settings.get(Measurement.HYSTERESIS, _HYSTERESIS_START))  # type: ignore[arg-type]  # a number

    def threshold(self, switch: Switch) -> int:
        """Value at which an output goes on, in 0.1 °C or 0.1 %."""
        return int(self.settings.get(switch.threshold, switch.start))  # type: ignore[arg-type]  # a number

    def set_threshold(self, measurement: Measurement, value: Value) -> None:
        """Set a threshold or the hysteresis from now on."""
        self.set(measurement, value)
        self._sample(self.settled_ms, self.settled_ms)

    def set_air(self, channel: int, air: Air | None) -> None:
        """Set the air at a channel from now on; None: the curve from the seed."""
        others = {number: held for number, held in self._set_air.items() if number != channel}
        self._set_air = others if air is None else {**others, channel: air}
        self._sample(self.settled_ms, self.settled_ms)

    def set_faulty(self, channel: int, faulty: bool) -> None:
        """Break or repair the sensor of a channel; the outputs of a broken one go off (ASSUMED)."""
        self.faulty = self.faulty | {channel} if faulty else self.faulty - {channel}
        self._sample(self.settled_ms, self.settled_ms)

    def displayed_air(self, channel: int) -> Air:
        """Air shown by the registers of a channel."""
        return BROKEN_SENSOR if channel in self.faulty else self.air(channel, self.settled_ms)

    def air(self, channel: int, at_ms: int) -> Air:
        """Air at a channel at a farm time: as set, else 14 to 30 °C and 47 to 73 %."""
        if channel in self._set_air:
            return self._set_air[channel]
        # warmest at 15:00 local time; dry when it is warm
        day = math.sin(2 * math.pi * ((at_ms + self._zone_ms) % DAY_MS / DAY_MS - 9 / 24))
        return Air(
            round(220 + 60 * day + 20 * self._drift(2 * channel, at_ms)),
            round(600 - 80 * day + 50 * self._drift(2 * channel + 1, at_ms)),
        )

    def settle(self, now_ms: int) -> None:
        if now_ms <= self.settled_ms:
            return
        self._sample(self.settled_ms + 1, now_ms // SAMPLE_MS * SAMPLE_MS)
        self.settled_ms = now_ms

    def _drift(self, channel: int, at_ms: int) -> float:
        hour, within = divmod(at_ms, HOUR_MS)
        before, after = noise(self._seed, hour, channel), noise(self._seed, hour + 1, channel)
        return before + (after - before) * within / HOUR_MS

    def _sample(self, from_ms: int, until_ms: int) -> None:
        """Switch the outputs by the samples at `until_ms` and every minute before it, back to `from_ms`."""
        self._switched_on = frozenset(s for s in SWITCHES if self._is_on(s, from_ms, until_ms))

    def _is_on(self, switch: Switch, from_ms: int, until_ms: int) -> bool:
        """Whether an output is on after those samples."""
        if switch.channel in self.faulty:
            return False
        # The last sample outside the hysteresis decides: going backwards mostly ends after one sample.
        threshold, hysteresis = self.threshold(switch), self.hysteresis
        for at_ms in range(until_ms, from_ms - 1, -SAMPLE_MS):
            decided = switch.decide(self.air(switch.channel, at_ms), threshold, hysteresis)
            if decided is not None:
                return decided
        return switch in self._switched_on


def channels(described: Profile) -> tuple[int, ...]:
    """Channel numbers of a climate controller's model, from 1."""
    return tuple(number for number in CHANNELS if described.has(Measurement.of(f"temperature_{number}")))
