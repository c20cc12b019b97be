"""Climate controllers, which measure temperature and humidity and switch heaters and fans.

The air around a sensor is the site's and can be set from outside, as can a fault of the sensor; until then the air
follows a slow curve that is a pure function of seed and time. A controller looks at its sensors once a minute and when
something was set, so that reading it more often changes nothing.
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
"""How often a climate controller looks at its sensors."""


@dataclass(frozen=True, slots=True)
class Air:
    """Temperature in 0.1 °C and humidity in 0.1 %."""

    temperature: int
    humidity: int


BROKEN = Air(temperature=0x7FFF, humidity=0xFFFF)
"""What the registers of a channel with a broken sensor say: the largest numbers they hold (ASSUMED)."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One threshold of a channel, and the bit of the output register that it drives."""

    channel: int
    bit: int
    measured: str
    threshold: Measurement
    start: int
    """The threshold until one is written."""
    rising: bool
    """On above the threshold; else below."""

    def says(self, air: Air, threshold: int, hysteresis: int) -> bool | None:
        """Whether it should be on; None inside the band, where it stays as it is."""
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
    """Temperature and humidity by channel, with a heater and a fan for each: WHD."""

    __slots__ = ("_seed", "_set_air", "_switched_on", "_zone_ms", "faulty")

    def __init__(self, placed: SiteMeter, layout: Layout, *, now_ms: int, zone_ms: int, seed: int) -> None:
        super().__init__(placed.number, placed.profile, layout, now_ms)
        self._seed = seed
        self._zone_ms = zone_ms
        self._set_air: Mapping[int, Air] = {}
        self.faulty: frozenset[int] = frozenset()
        """Channels whose sensor is broken."""
        self._switched_on: frozenset[Switch] = frozenset()
        self._look(now_ms, now_ms)

    @property
    def outputs(self) -> int:
        """Heaters in bits 0 to 2, fans in bits 3 to 5."""
        return sum({1 << switch.bit for switch in self._switched_on})

    def heats(self, channel: int) -> bool:
        """Whether the heater of a channel is on."""
        return bool(self.outputs & 1 << channel - 1)

    def ventilates(self, channel: int) -> bool:
        """Whether the fan of a channel is on."""
        return bool(self.outputs & 1 << channel - 1 + len(CHANNELS))

    @property
    def hysteresis(self) -> int:
        """How far behind a threshold its output goes off."""
        return int(self.settings.get(Measurement.HYSTERESIS, _HYSTERESIS_START))  # type: ignore[arg-type]  # a number

    def threshold(self, switch: Switch) -> int:
        """Where a switch goes on."""
        return int(self.settings.get(switch.threshold, switch.start))  # type: ignore[arg-type]  # a number

    def set_threshold(self, measurement: Measurement, value: Value) -> None:
        """Follow another threshold or hysteresis from now on."""
        self.set(measurement, value)
        self._look(self.settled_ms, self.settled_ms)

    def set_air(self, channel: int, air: Air | None) -> None:
        """From now on the channel measures `air`; None: its own curve again."""
        others = {number: held for number, held in self._set_air.items() if number != channel}
        self._set_air = others if air is None else {**others, channel: air}
        self._look(self.settled_ms, self.settled_ms)

    def set_faulty(self, channel: int, faulty: bool) -> None:
        """Break or mend the sensor of a channel; outputs of a broken one go off (ASSUMED)."""
        self.faulty = self.faulty | {channel} if faulty else self.faulty - {channel}
        self._look(self.settled_ms, self.settled_ms)

    def shown(self, channel: int) -> Air:
        """Air shown by the registers of a channel."""
        return BROKEN if channel in self.faulty else self.air(channel, self.settled_ms)

    def air(self, channel: int, at_ms: int) -> Air:
        """Air at a channel at a moment: 14 to 30 °C and 47 to 73 % unless it was set."""
        if channel in self._set_air:
            return self._set_air[channel]
        day = math.sin(2 * math.pi * ((at_ms + self._zone_ms) % DAY_MS / DAY_MS - 9 / 24))
        return Air(
            round(220 + 60 * day + 20 * self._drift(2 * channel, at_ms)),
            round(600 - 80 * day + 50 * self._drift(2 * channel + 1, at_ms)),
        )

    def settle(self, now_ms: int) -> None:
        if now_ms <= self.settled_ms:
            return
        self._look(self.settled_ms + 1, now_ms // SAMPLE_MS * SAMPLE_MS)
        self.settled_ms = now_ms

    def _drift(self, channel: int, at_ms: int) -> float:
        hour, within = divmod(at_ms, HOUR_MS)
        before, after = noise(self._seed, hour, channel), noise(self._seed, hour + 1, channel)
        return before + (after - before) * within / HOUR_MS

    def _look(self, from_ms: int, until_ms: int) -> None:
        """Take the samples of a stretch of time: at its end, and every minute before."""
        self._switched_on = frozenset(s for s in SWITCHES if self._is_on(s, from_ms, until_ms))

    def _is_on(self, switch: Switch, from_ms: int, until_ms: int) -> bool:
        """The last sample outside the band decides, so the time is gone through backwards."""
        if switch.channel in self.faulty:
            return False
        threshold, hysteresis = self.threshold(switch), self.hysteresis
        for at_ms in range(until_ms, from_ms - 1, -SAMPLE_MS):
            decided = switch.says(self.air(switch.channel, at_ms), threshold, hysteresis)
            if decided is not None:
                return decided
        return switch in self._switched_on


def channels(described: Profile) -> tuple[int, ...]:
    """The channels of a climate controller's model."""
    return tuple(number for number in CHANNELS if described.has(Measurement.of(f"temperature_{number}")))
