"""Python view of an energy meter: its state at the clock's present. Reading does not change what registers show."""

from prewatt_fixtures.bounds import LOAD_PER_DAY, one_of
from prewatt_fixtures.clock import Clock
from prewatt_fixtures.profile import CounterRule, Profile
from prewatt_simulator.devices.energy.meter import EnergyMeter
from prewatt_simulator.devices.load import Load
from prewatt_simulator.devices.prepaid.meter import PrepaidMeter
from prewatt_simulator.errors import NotPrepaid
from prewatt_simulator.units import MWH_PER_CENTIKWH


class MeterView:
    """State of one energy meter. Properties of credit and relay raise `NotPrepaid` on a model without them."""

    __slots__ = ("_clock", "_meter")

    def __init__(self, meter: EnergyMeter, clock: Clock) -> None:
        self._meter = meter
        self._clock = clock

    @property
    def number(self) -> str:
        """The meter number."""
        return self._meter.number

    @property
    def profile(self) -> Profile:
        """Profile of the model."""
        return self._meter.profile

    @property
    def energy_centikwh(self) -> int:
        """Primary energy of all rates, rounded down to 0.01 kWh."""
        return self._present().energy_mwh // MWH_PER_CENTIKWH

    @property
    def energy_by_rate_centikwh(self) -> tuple[int, ...]:
        """Primary energy of each rate, sharp first, each rounded down to 0.01 kWh."""
        return tuple(energy // MWH_PER_CENTIKWH for energy in self._present().rates_mwh)

    @property
    def energy_by_rate_mwh(self) -> tuple[int, ...]:
        """Primary energy of each rate, sharp first, exact, in mWh."""
        return tuple(self._present().rates_mwh)

    @property
    def remaining_fen(self) -> int:
        """Credit in fen, rounded towards zero."""
        return self._money().remaining_fen

    @property
    def remaining_fine(self) -> int:
        """Credit, exact, in 1e-10 yuan."""
        return self._money().remaining_fine

    @property
    def purchase_count(self) -> int:
        """Purchase count of the last top-up."""
        return self._money().purchase_count

    @property
    def total_purchased_fen(self) -> int:
        """Sum of all top-ups in fen."""
        return self._money().total_purchased_fen

    @property
    def money_on(self) -> bool:
        """Whether the meter is opened: money control is on."""
        return self._money().money_on

    @property
    def relay_closed(self) -> bool:
        """Whether the load is supplied."""
        return self._money().relay_closed

    @property
    def step_energy_centikwh(self) -> int:
        """Primary energy in the running period of the step tariff, rounded down to 0.01 kWh."""
        return self._money().step_energy_mwh // MWH_PER_CENTIKWH

    @property
    def reminding(self) -> bool:
        """Whether the reminder at alarm 2 holds the relay open."""
        return self._money().reminding

    def press_key(self) -> None:
        """Press the key on the meter, which ends the reminder at alarm 2."""
        meter = self._prepaid()
        meter.touch(self._clock.time())
        meter.restore()

    @property
    def load_ok(self) -> bool:
        """Whether load control lets the relay be closed."""
        return self._money().load_ok

    @property
    def time_ok(self) -> bool:
        """Whether time control lets the relay be closed."""
        return self._money().time_ok

    @property
    def trip_count(self) -> int:
        """Number of trips by load control since they were cleared."""
        return self._money().trips.count

    @property
    def forced(self) -> bool | None:
        """True: forced closed; False: forced open; None: not forced."""
        meter = self._money()
        return (meter.forced_state == 0) if meter.forced_mode else None

    @property
    def prices_e4(self) -> tuple[int, ...]:
        """Prices of rates 1 to 4 in 0.0001 yuan per kWh."""
        return self._money().prices_e4

    @property
    def alarms_fen(self) -> tuple[int, int]:
        """Alarm amounts 1 and 2 in fen."""
        return self._money().alarms_fen

    @property
    def counter_rule(self) -> CounterRule:
        """Rule for the purchase count of a top-up. Settable, for a meter that checks less than its profile says."""
        return self._money().counter_rule

    @counter_rule.setter
    def counter_rule(self, rule: CounterRule) -> None:
        self._prepaid().counter_rule = CounterRule(one_of(*CounterRule).check("counter_rule", rule))

    @property
    def load_shape(self) -> str:
        """Shape of the load."""
        return self._meter.load.shape

    @property
    def load_centikwh_per_day(self) -> int:
        """Energy drawn behind the meter per day, primary, in 0.01 kWh."""
        return self._meter.load.per_day // MWH_PER_CENTIKWH

    def set_load(self, shape: str, centikwh_per_day: int) -> None:
        """Set the load behind the meter from now on, primary. Raises `LoadError` for an unknown shape, `SettingRefused`."""
        amount = LOAD_PER_DAY.check("centikwh_per_day", centikwh_per_day)
        load = Load(shape, amount * MWH_PER_CENTIKWH)
        self._meter.touch(self._clock.time())
        self._meter.set_load(load)

    def _present(self) -> EnergyMeter:
        present = self._meter.copy()
        present.settle(int(self._clock.time() * 1000))
        return present

    def _money(self) -> PrepaidMeter:
        present = self._present()
        if not isinstance(present, PrepaidMeter):
            raise NotPrepaid(self._meter.number, self._meter.profile.model)
        return present

    def _prepaid(self) -> PrepaidMeter:
        """The meter itself, not a copy, to change it."""
        if not isinstance(self._meter, PrepaidMeter):
            raise NotPrepaid(self._meter.number, self._meter.profile.model)
        return self._meter
