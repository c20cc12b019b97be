"""Effects of register writes: each writer checks a value and returns the change to apply.

Checking and applying are apart so that a frame is written whole or not at all. A register without a writer only stores
its value.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.rates import DayTable, RateCalendar, YearZones
from prewatt_simulator.devices.energy.meter import EnergyMeter
from prewatt_simulator.devices.layout import Apply, RefusedValue, Writer
from prewatt_simulator.devices.prepaid.meter import PrepaidMeter
from prewatt_simulator.devices.prepaid.steps import MONTH, YEAR

_RATIO_MAX = 9999
HOURS = range(24)
FREEZE_DAYS = range(1, 29)
"""Days of the month at which a month may end: those that every month has (ASSUMED)."""
DEMAND_QUARTERS = range(1, 5)
"""Lengths of a demand cycle in quarters of an hour."""


def _ratio(name: str) -> Writer:
    def writer(meter: EnergyMeter, value: int) -> Apply:
        if not 1 <= value <= _RATIO_MAX:
            raise RefusedValue(value)

        def apply() -> None:
            ratios = {"ct": meter.ct, "pt": meter.pt, name: value}
            meter.set_ratios(**ratios)

        return apply

    return writer


def _day_table(index: int) -> Writer:
    def writer(meter: EnergyMeter, value: bytes) -> Apply:
        table = DayTable.from_bytes(value)
        if any(rate > meter.profile.rates for _, rate in table.slots):
            raise RefusedValue(value)

        def apply() -> None:
            tables = list(meter.calendar.tables)
            tables[index] = table
            meter.set_calendar(RateCalendar(meter.calendar.zones, tuple(tables)))

        return apply

    return writer


def _year_zones(meter: EnergyMeter, value: bytes) -> Apply:
    zones = YearZones.from_bytes(value)
    if any(table > len(meter.calendar.tables) for _, _, table in zones.zones):
        raise RefusedValue(value)
    return lambda: meter.set_calendar(RateCalendar(zones, meter.calendar.tables))


def _clock(meter: EnergyMeter, value: datetime | None) -> Apply:
    if value is None:
        raise RefusedValue(value)
    return lambda: meter.set_clock(value)


def _freeze_time(meter: EnergyMeter, value: bytes) -> Apply:
    hour, day = value
    if hour not in HOURS or day not in FREEZE_DAYS:
        raise RefusedValue(value)
    return lambda: meter.set_month_setting(Measurement.FREEZE_TIME, value)


def _demand_cycle(meter: EnergyMeter, value: int) -> Apply:
    if value not in DEMAND_QUARTERS:
        raise RefusedValue(value)
    return lambda: meter.set_month_setting(Measurement.DEMAND_CYCLE, value)


ENERGY_WRITERS: Mapping[Measurement, Writer] = {
    Measurement.FREEZE_TIME: _freeze_time,
    Measurement.DEMAND_CYCLE: _demand_cycle,
    Measurement.PT_RATIO: _ratio("pt"),
    Measurement.CT_RATIO: _ratio("ct"),
    Measurement.CLOCK: _clock,
    Measurement.YEAR_ZONES: _year_zones,
    Measurement.DAY_TABLE_1: _day_table(0),
    Measurement.DAY_TABLE_2: _day_table(1),
    Measurement.DAY_TABLE_3: _day_table(2),
}


def _forced_mode(meter: PrepaidMeter, value: int) -> Apply:
    if value not in {0, 1}:
        raise RefusedValue(value)
    return lambda: meter.force(bool(value), meter.forced_state)


def _forced_state(meter: PrepaidMeter, value: int) -> Apply:
    if value not in {0, 1}:
        raise RefusedValue(value)
    return lambda: setattr(meter, "forced_state", value)


def _hoarding_limit(meter: PrepaidMeter, value: int) -> Apply:
    return lambda: setattr(meter, "hoarding_limit_fen", value)


def _overload_threshold(meter: PrepaidMeter, value: int) -> Apply:
    return lambda: meter.set_load_control(value, meter.load_limits)


def _step_tariff(meter: PrepaidMeter, value: int) -> Apply:
    if value not in {0, 1}:
        raise RefusedValue(value)
    return lambda: meter.set_steps(replace(meter.step_tariff, on=bool(value)))


def _step_period(meter: PrepaidMeter, value: int) -> Apply:
    if value not in {MONTH, YEAR}:
        raise RefusedValue(value)
    return lambda: meter.set_steps(replace(meter.step_tariff, period=value))


def _step_limit(index: int) -> Writer:
    def writer(meter: PrepaidMeter, value: int) -> Apply:
        return lambda: meter.set_steps(meter.step_tariff.with_limit(index, value))

    return writer


def _step_price(index: int) -> Writer:
    def writer(meter: PrepaidMeter, value: int) -> Apply:
        return lambda: meter.set_steps(meter.step_tariff.with_price(index, value))

    return writer


PREPAID_WRITERS: Mapping[Measurement, Writer] = {
    **ENERGY_WRITERS,
    Measurement.FORCED_MODE: _forced_mode,
    Measurement.FORCED_STATE: _forced_state,
    Measurement.HOARDING_LIMIT: _hoarding_limit,
    Measurement.OVERLOAD_THRESHOLD: _overload_threshold,
    Measurement.STEP_TARIFF: _step_tariff,
    Measurement.STEP_LIMIT_1: _step_limit(0),
    Measurement.STEP_LIMIT_2: _step_limit(1),
    Measurement.STEP_LIMIT_3: _step_limit(2),
    Measurement.STEP_PRICE_1: _step_price(0),
    Measurement.STEP_PRICE_2: _step_price(1),
    Measurement.STEP_PRICE_3: _step_price(2),
    Measurement.STEP_PRICE_4: _step_price(3),
    Measurement.STEP_PERIOD: _step_period,
}
