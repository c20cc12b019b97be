"""Python views of devices that are no energy meters.

Reading does not change what registers show; setting takes effect at the clock's present.
"""

from typing import Generic, TypeVar

from prewatt_fixtures.bounds import (
    HUMIDITY_PERMILLE,
    LOAD_PER_DAY,
    REVERSE_LITRES,
    TEMPERATURE_DECICELSIUS,
    TRUTH,
    SettingRefused,
    is_whole,
)
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
    # slots, so that a misspelt property is refused instead of set beside the others
    __slots__ = ("_clock", "_device")

    def __init__(self, device: Device, clock: Clock) -> None:
        self._device = device
        self._clock = clock

    @property
    def number(self) -> str:
        """The device number."""
        return self._device.number

    @property
    def profile(self) -> Profile:
        """Profile of the model."""
        return self._device.profile

    def _present(self) -> Device:
        present = self._device.copy()
        present.settle(int(self._clock.time() * 1000))
        return present

    def _settled(self) -> Device:
        self._device.touch(self._clock.time())
        return self._device


class TerminalView(_View[RemoteTerminal]):
    """Inputs and outputs of a remote terminal, numbered from 1. Raises `SettingRefused` for a number it lacks."""

    __slots__ = ()

    @property
    def input_count(self) -> int:
        """Number of inputs."""
        return self._device.input_count

    @property
    def output_count(self) -> int:
        """Number of outputs."""
        return self._device.output_count

    def closed(self, number: int) -> bool:
        """Whether an input reads as closed."""
        return bool(self._present().inputs >> self._bit(number, self._device.input_count, "inputs") & 1)

    def set_closed(self, number: int, closed: bool) -> None:
        """Close or open the contact at an input; a model that debounces shows it after the debounce time."""
        bit = self._bit(number, self._device.input_count, "inputs")
        TRUTH.check("closed", closed)
        self._settled().set_contact(bit, closed)

    def output_closed(self, number: int) -> bool:
        """Whether an output is closed."""
        return bool(self._present().outputs >> self._bit(number, self._device.output_count, "outputs") & 1)

    def _bit(self, number: int, count: int, what: str) -> int:
        if not is_whole(number) or not 1 <= number <= count:
            known = f"{what} 1 to {count}" if count else f"no {what}"
            raise SettingRefused("number", f"{self.number} has {known}", number)
        return number - 1


class ClimateView(_View[ClimateController]):
    """Channels of a climate controller, numbered from 1. Raises `SettingRefused` for a number it lacks."""

    __slots__ = ()

    def air(self, channel: int) -> Air:
        """Temperature and humidity at the channel's sensor."""
        self._check(channel)
        present = self._present()
        return present.air(channel, present.settled_ms)

    def set_air(self, channel: int, *, temperature: int, humidity: int) -> None:
        """Set the air at the channel's sensor from now on, in 0.1 °C and 0.1 %."""
        self._check(channel)
        air = Air(
            TEMPERATURE_DECICELSIUS.check("temperature", temperature),
            HUMIDITY_PERMILLE.check("humidity", humidity),
        )
        self._settled().set_air(channel, air)

    def release_air(self, channel: int) -> None:
        """Let the air at the channel follow the curve from the seed again."""
        self._check(channel)
        self._settled().set_air(channel, None)

    def set_faulty(self, channel: int, faulty: bool) -> None:
        """Break or repair the channel's sensor."""
        self._check(channel)
        TRUTH.check("faulty", faulty)
        self._settled().set_faulty(channel, faulty)

    def faulty(self, channel: int) -> bool:
        """Whether the channel's sensor is broken."""
        self._check(channel)
        return channel in self._device.faulty

    def heating(self, channel: int) -> bool:
        """Whether the channel's heater is on."""
        self._check(channel)
        return self._present().heater_on(channel)

    def ventilating(self, channel: int) -> bool:
        """Whether the channel's fan is on."""
        self._check(channel)
        return self._present().fan_on(channel)

    def _check(self, channel: int) -> None:
        known = channels(self.profile)
        if not is_whole(channel) or channel not in known:
            expected = f"{self.number} has channels {known[0]} to {known[-1]}"
            raise SettingRefused("channel", expected, channel)


class WaterView(_View[WaterMeter]):
    """Volume, flow and valve of a water meter."""

    __slots__ = ()

    @property
    def volume_litres(self) -> int:
        """Forward volume, rounded down to litres."""
        return self._present().volume_ml // ML_PER_LITRE

    @property
    def flow_litres_per_hour(self) -> int:
        """Flow now; 0 with the valve closed."""
        return self._present().flow_litres_per_hour

    @property
    def reverse_litres(self) -> int:
        """Reverse volume."""
        return self._device.reverse_litres

    def add_reverse_flow(self, litres: int) -> None:
        """Add reverse volume, at once."""
        REVERSE_LITRES.check("litres", litres)
        self._settled().reverse_litres += litres

    @property
    def valve_open(self) -> bool:
        """Whether the valve is open."""
        return self._device.valve_open

    @property
    def valve_abnormal(self) -> bool:
        """Whether the meter reports its valve as abnormal; settable, without effect on the valve."""
        return self._device.valve_abnormal

    @valve_abnormal.setter
    def valve_abnormal(self, abnormal: bool) -> None:
        TRUTH.check("valve_abnormal", abnormal)
        self._settled().valve_abnormal = abnormal

    @property
    def battery_low(self) -> bool:
        """Whether the meter reports a low battery; settable."""
        return self._device.battery_low

    @battery_low.setter
    def battery_low(self, low: bool) -> None:
        TRUTH.check("battery_low", low)
        self._settled().battery_low = low

    @property
    def load_shape(self) -> str:
        """Shape of the load."""
        return self._device.load.shape

    @property
    def load_litres_per_day(self) -> int:
        """Water drawn behind the meter per day, in litres."""
        return self._device.load.per_day // ML_PER_LITRE

    def set_load(self, shape: str, litres_per_day: int) -> None:
        """Set the load behind the meter from now on. Raises `LoadError` for an unknown shape, `SettingRefused`."""
        amount = LOAD_PER_DAY.check("litres_per_day", litres_per_day)
        load = Load(shape, amount * ML_PER_LITRE)
        self._settled().load = load
