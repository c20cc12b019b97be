"""Register values of energy and prepaid meters, in the integer units of `prewatt_fixtures.measurements`.

Every measurement has an entry, so that a profile may name any of them. A measurement that is not computed is a setting:
it reads the written value, or a default. Tables of other devices extend `COMMON_VALUES`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from prewatt_fixtures.measurements import PHASES, RATES, Measurement
from prewatt_fixtures.registers import Value
from prewatt_simulator.devices.device import Meter
from prewatt_simulator.devices.energy.clock import displayed
from prewatt_simulator.devices.energy.meter import EnergyMeter
from prewatt_simulator.devices.layout import ValueOf
from prewatt_simulator.devices.registers import port
from prewatt_simulator.devices.registers.instruments import INSTRUMENT_VALUES


def setting(measurement: Measurement) -> ValueOf:
    """A register that reads as written, 0 before."""

    def value_of(meter: Meter) -> Value:
        return meter.settings.get(measurement, 0)

    return value_of


def _rate_energy(rate: int) -> ValueOf:
    def value_of(meter: EnergyMeter) -> int:
        return meter.rates_mwh[rate] // meter.divisor if rate < len(meter.rates_mwh) else 0

    return value_of


def _energy(meter: EnergyMeter) -> int:
    return meter.energy_mwh // meter.divisor


def _phase(name: str, phase: int) -> ValueOf:
    return lambda meter: getattr(meter.electrical(), name)[phase]


def _sum(name: str) -> ValueOf:
    return lambda meter: sum(getattr(meter.electrical(), name))


def _line_voltage(phase: int) -> ValueOf:
    def value_of(meter: EnergyMeter) -> int:
        voltage = meter.electrical().voltage
        # mean of two phase voltages × √3
        return (voltage[phase] + voltage[(phase + 1) % 3]) * 866 // 1000

    return value_of


def _per_phase(prefix: str, name: str) -> dict[Measurement, ValueOf]:
    return {Measurement.of(f"{prefix}_{letter}"): _phase(name, phase) for phase, letter in enumerate(PHASES)}


def _rates(prefix: str, value: Callable[[int], ValueOf]) -> dict[Measurement, ValueOf]:
    keys = {f"{prefix}_{name}": rate for rate, name in enumerate(RATES)}
    return {m: value(keys[m.key]) for m in Measurement if m.key in keys}


def setting_from(measurement: Measurement, start: Callable[[Any], Value]) -> ValueOf:
    """A register that reads as written, `start` of the meter before."""

    def value_of(meter: Meter) -> Value:
        kept = meter.settings.get(measurement)
        return start(meter) if kept is None else kept

    return value_of


def _temperature(_: EnergyMeter) -> int:
    return 250


def _table(index: int) -> ValueOf:
    return lambda meter: meter.calendar.tables[index].to_bytes()


def _decimal_number(meter: Meter) -> str:
    port, address = int(meter.number[6:8], 16), int(meter.number[8:], 16)
    return f"{meter.number[:6]}{port:03}{address:03}"


_BYTES_SETTINGS = (
    Measurement.WATCH_1_LIMITS,
    Measurement.WATCH_1_SWITCHING,
    Measurement.WATCH_2_AND_3,
    Measurement.WATCH_2_AND_3_STATUS,
)

COMMON_VALUES: Mapping[Measurement, ValueOf] = {
    **{measurement: setting(measurement) for measurement in Measurement},
    **{measurement: setting_from(measurement, lambda _: b"") for measurement in _BYTES_SETTINGS},
    Measurement.SLAVE_ADDRESS: port.address,
    Measurement.BAUD_CODE: port.baud_code,
    Measurement.PARITY_CODE: port.parity_code,
    Measurement.PORT_SETTINGS: port.packed_settings,
    Measurement.PORT_SETTINGS_2: setting_from(Measurement.PORT_SETTINGS_2, port.packed_settings),
    Measurement.METER_NUMBER: setting_from(Measurement.METER_NUMBER, _decimal_number),
    Measurement.SERIAL_NUMBER: setting_from(Measurement.SERIAL_NUMBER, lambda meter: f"SIM{meter.number}"),
}

ENERGY_VALUES: Mapping[Measurement, ValueOf] = {
    **COMMON_VALUES,
    **INSTRUMENT_VALUES,
    Measurement.MODEL_CODE: lambda meter: meter.profile.model_code or 0,
    Measurement.RUN_MODE: setting_from(
        Measurement.RUN_MODE, lambda meter: 0x41 if meter.profile.phases == 1 else 0x01
    ),
    Measurement.CLOCK: lambda meter: displayed(meter.local),
    Measurement.PT_RATIO: lambda meter: meter.pt,
    Measurement.CT_RATIO: lambda meter: meter.ct,
    Measurement.ENERGY_TOTAL: _energy,
    Measurement.ENERGY_FORWARD: _energy,
    **_rates("energy", _rate_energy),
    **_rates("energy_forward", _rate_energy),
    **_per_phase("voltage", "voltage"),
    Measurement.VOLTAGE_AB: _line_voltage(0),
    Measurement.VOLTAGE_BC: _line_voltage(1),
    Measurement.VOLTAGE_CA: _line_voltage(2),
    **_per_phase("current", "current"),
    **_per_phase("power", "power"),
    Measurement.POWER_TOTAL: _sum("power"),
    **_per_phase("reactive_power", "reactive"),
    Measurement.REACTIVE_POWER_TOTAL: _sum("reactive"),
    **_per_phase("apparent_power", "apparent"),
    Measurement.APPARENT_POWER_TOTAL: _sum("apparent"),
    **_per_phase("power_factor", "power_factor"),
    Measurement.POWER_FACTOR_TOTAL: lambda meter: meter.electrical().power_factor_total,
    Measurement.FREQUENCY: lambda meter: meter.electrical().frequency,
    Measurement.TEMPERATURE: _temperature,
    **{Measurement.of(f"temperature_{letter}"): _temperature for letter in PHASES},
    Measurement.YEAR_ZONES: lambda meter: meter.calendar.zones.to_bytes(),
    Measurement.DAY_TABLE_1: _table(0),
    Measurement.DAY_TABLE_2: _table(1),
    Measurement.DAY_TABLE_3: _table(2),
}


def _step_limit(index: int) -> ValueOf:
    return lambda meter: meter.step_tariff.limits[index]


def _step_price(index: int) -> ValueOf:
    return lambda meter: meter.step_tariff.prices_e4[index]


PREPAID_VALUES: Mapping[Measurement, ValueOf] = {
    **ENERGY_VALUES,
    Measurement.MONEY_CONTROL: lambda meter: int(meter.money_on),
    Measurement.REMAINING: lambda meter: meter.remaining_fen,
    Measurement.PURCHASE_COUNT: lambda meter: meter.purchase_count,
    Measurement.TOTAL_PURCHASED: lambda meter: meter.total_purchased_fen,
    Measurement.ALARM_1: lambda meter: meter.alarms_fen[0],
    Measurement.ALARM_2: lambda meter: meter.alarms_fen[1],
    Measurement.OVERDRAFT: lambda meter: meter.overdraft_fen,
    Measurement.HOARDING_LIMIT: lambda meter: meter.hoarding_limit_fen,
    Measurement.PRICE_SHARP: lambda meter: meter.prices_e4[0],
    Measurement.PRICE_PEAK: lambda meter: meter.prices_e4[1],
    Measurement.PRICE_FLAT: lambda meter: meter.prices_e4[2],
    Measurement.PRICE_VALLEY: lambda meter: meter.prices_e4[3],
    Measurement.BASE_ENERGY: lambda meter: meter.base_counts,
    Measurement.MONEY_OPTION: lambda meter: meter.option,
    Measurement.FORCED_MODE: lambda meter: meter.forced_mode,
    Measurement.FORCED_STATE: lambda meter: meter.forced_state,
    Measurement.OVERLOAD_THRESHOLD: lambda meter: meter.overload_w,
    Measurement.STEP_TARIFF: lambda meter: int(meter.step_tariff.on),
    **{Measurement.of(f"step_limit_{index + 1}"): _step_limit(index) for index in range(3)},
    **{Measurement.of(f"step_price_{index + 1}"): _step_price(index) for index in range(4)},
    Measurement.STEP_PERIOD: lambda meter: meter.step_tariff.period,
    Measurement.STEP_USED: lambda meter: meter.step_energy_mwh // meter.divisor,
    Measurement.LOAD_CONTROL: lambda meter: meter.load_limits.to_bytes(),
    Measurement.TIME_CONTROL: lambda meter: meter.time_plan.part(0),
    Measurement.TIME_CONTROL_L2: lambda meter: meter.time_plan.part(1),
    Measurement.TIME_CONTROL_L3: lambda meter: meter.time_plan.part(2),
    Measurement.TRIP_COUNT: lambda meter: meter.trips.count,
    Measurement.TRIPS_ALLOWED: lambda meter: meter.load_limits.phases[0].trips_allowed,
    Measurement.STATUS_WORD_1: lambda meter: meter.status_word_1,
    Measurement.STATUS_WORD_2: lambda meter: meter.status_word_2,
}
