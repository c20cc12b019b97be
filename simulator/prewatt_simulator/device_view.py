"""Devices that are no energy meters, as a test or a person sees and sets them.

Reading a view touches nothing that registers show; setting acts at the clock's present.
"""

from typing import Generic, TypeVar

from prewatt_fixtures.clock import Clock
from prewatt_fixtures.profile import Profile
from prewatt_simulator.meters.meter import Meter
from prewatt_simulator.meters.sensors import Air, ClimateController, RemoteTerminal, channels
from prewatt_simulator.meters.water import WaterMeter
from prewatt_simulator.units import ML_PER_LITRE

Device = TypeVar("Device", bound=Meter)


class _View(Generic[Device]):
    def __init__(self, device: Device, clock: Clock) -> None:
        self._device = device
        self._clock = clock

    @property
    def number(self) -> str:
        """The device's number."""
        return self._device.number

    @property
    def profile(self) -> Profile:
        """The profile of its model."""
        return self._device.profile

    def _present(self) -> Device:
        present = self._device.twin()
        present.settle(int(self._clock.time() * 1000))
        return present

    def _touched(self) -> Device:
        self._device.touch(self._clock.time())
        return self._device


class TerminalView(_View[RemoteTerminal]):
    """A remote terminal's contacts, numbered from 1."""

    def closed(self, number: int) -> bool:
        """Whether a contact is closed; `ValueError` when there is none of that number."""
        return bool(self._device.inputs & self._bit(number))

    def set_closed(self, number: int, closed: bool) -> None:
        """Close or open a contact; `ValueError` when there is none of that number."""
        bit = self._bit(number)
        terminal = self._touched()
        terminal.inputs = terminal.inputs | bit if closed else terminal.inputs & ~bit

    def _bit(self, number: int) -> int:
        described = self.profile.discrete_inputs
        count = 0 if described is None else described.count
        if not 1 <= number <= count:
            raise ValueError(f"{self.number} has inputs 1 to {count}, not {number}")
        return 1 << number - 1


class ClimateView(_View[ClimateController]):
    """A climate controller's channels, numbered from 1. `ValueError` when there is none of that number."""

    def air(self, channel: int) -> Air:
        """What the channel measures."""
        self._check(channel)
        present = self._present()
        return present.air(channel, present.settled_ms)

    def set_air(self, channel: int, *, temperature: int, humidity: int) -> None:
        """From now on the channel measures this, in 0.1 °C and 0.1 %."""
        self._check(channel)
        self._touched().set_air(channel, Air(temperature, humidity))

    def release_air(self, channel: int) -> None:
        """From now on the channel measures its own curve again."""
        self._check(channel)
        self._touched().set_air(channel, None)

    def heating(self, channel: int) -> bool:
        """Whether the channel's heater is on."""
        self._check(channel)
        return self._present().heats(channel)

    def ventilating(self, channel: int) -> bool:
        """Whether the channel's fan is on."""
        self._check(channel)
        return self._present().ventilates(channel)

    def _check(self, channel: int) -> None:
        known = channels(self.profile)
        if channel not in known:
            raise ValueError(f"{self.number} has channels {known[0]} to {known[-1]}, not {channel}")


class WaterView(_View[WaterMeter]):
    """A water meter's count and valve."""

    @property
    def volume_litres(self) -> int:
        """Forward volume, cut to litres."""
        return self._present().volume_ml // ML_PER_LITRE

    @property
    def flow_litres_per_hour(self) -> int:
        """What runs through now."""
        return self._present().flow_litres_per_hour

    @property
    def valve_open(self) -> bool:
        """Whether water can run."""
        return self._device.valve_open
