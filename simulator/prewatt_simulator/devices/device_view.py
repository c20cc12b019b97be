"""Devices that are no energy meters, as a test or a person sees and sets them.

Reading a view touches nothing that registers show; setting acts at the clock's present.
"""

from typing import Generic, TypeVar

from prewatt_fixtures.clock import Clock
from prewatt_fixtures.profile import Profile
from prewatt_simulator.devices.device import Meter
from prewatt_simulator.devices.load import Load
from prewatt_simulator.devices.sensors.climate import Air, ClimateController, channels
from prewatt_simulator.devices.sensors.terminal import RemoteTerminal
from prewatt_simulator.devices.water import WaterMeter
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
        present = self._device.copy_of()
        present.settle(int(self._clock.time() * 1000))
        return present

    def _touched(self) -> Device:
        self._device.touch(self._clock.time())
        return self._device


class TerminalView(_View[RemoteTerminal]):
    """A remote terminal's inputs and outputs, numbered from 1. `ValueError` when there is none of that number."""

    @property
    def input_count(self) -> int:
        """How many inputs it has."""
        return self._device.input_count

    @property
    def output_count(self) -> int:
        """How many outputs it has."""
        return self._device.output_count

    def closed(self, number: int) -> bool:
        """Whether the terminal takes the contact at an input to be closed."""
        return bool(self._present().inputs >> self._bit(number, self._device.input_count, "inputs") & 1)

    def set_closed(self, number: int, closed: bool) -> None:
        """Close or open the contact at an input; a model that debounces notices when it has held."""
        self._touched().set_contact(self._bit(number, self._device.input_count, "inputs"), closed)

    def output_closed(self, number: int) -> bool:
        """Whether an output is closed."""
        return bool(self._present().outputs >> self._bit(number, self._device.output_count, "outputs") & 1)

    def _bit(self, number: int, count: int, what: str) -> int:
        if not 1 <= number <= count:
            raise ValueError(f"{self.number} has {what} 1 to {count}, not {number}")
        return number - 1


class ClimateView(_View[ClimateController]):
    """A climate controller's channels, numbered from 1. `ValueError` when there is none of that number."""

    def air(self, channel: int) -> Air:
        """Air that the channel measures."""
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

    def set_faulty(self, channel: int, faulty: bool) -> None:
        """Break or mend the channel's sensor."""
        self._check(channel)
        self._touched().set_faulty(channel, faulty)

    def faulty(self, channel: int) -> bool:
        """Whether the channel's sensor is broken."""
        self._check(channel)
        return channel in self._device.faulty

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
    def reverse_litres(self) -> int:
        """What ran back."""
        return self._device.reverse_litres

    def run_back(self, litres: int) -> None:
        """Let so much water run backwards through the meter, at once."""
        self._touched().reverse_litres += litres

    @property
    def valve_open(self) -> bool:
        """Whether water can run."""
        return self._device.valve_open

    @property
    def valve_abnormal(self) -> bool:
        """Whether the meter reports its valve as abnormal, which it does when told to; settable."""
        return self._device.valve_abnormal

    @valve_abnormal.setter
    def valve_abnormal(self, abnormal: bool) -> None:
        self._touched().valve_abnormal = abnormal

    @property
    def battery_low(self) -> bool:
        """Whether the battery is nearly empty; settable."""
        return self._device.battery_low

    @battery_low.setter
    def battery_low(self, low: bool) -> None:
        self._touched().battery_low = low

    @property
    def load_shape(self) -> str:
        """Shape of the load."""
        return self._device.load.shape

    @property
    def load_litres_per_day(self) -> int:
        """How much is drawn behind the meter."""
        return self._device.load.per_day // ML_PER_LITRE

    def draw(self, shape: str, litres_per_day: int) -> None:
        """From now on this is drawn behind the meter; `LoadError` when there is no such shape."""
        load = Load(shape, litres_per_day * ML_PER_LITRE)
        self._touched().load = load
