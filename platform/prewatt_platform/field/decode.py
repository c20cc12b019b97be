"""Converts register values to readings: primary values and named flags, all integers."""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.profile import Profile
from prewatt_fixtures.registers import Value
from prewatt_fixtures.status import FORCED_CLOSED_BY_PHASE, RELAY_CLOSED_BY_PHASE, StatusWord1
from prewatt_platform.field.messages import Evidence, Freshness, MeterAddress, MeterReading, PrepaidReading
from prewatt_platform.field.plan import CURRENTS, ENERGY_BY_RATE, PRICES, VOLTAGES

Values = Mapping[Measurement, Value]


def reading(
    meter: MeterAddress, described: Profile, values: Values, at: datetime, raw: bytes = b""
) -> MeterReading:
    """The meter's values on the primary side; `raw` are the register bytes they were decoded from."""
    ct, pt = (meter.ct, meter.pt) if described.secondary else (1, 1)
    return MeterReading(
        number=meter.number,
        at=at,
        meter_clock=cast("datetime | None", values.get(Measurement.CLOCK)),
        multiplier=ct * pt,
        energy_centikwh=_number(values, Measurement.ENERGY_TOTAL) * ct * pt,
        energy_by_rate_centikwh=_numbers(values, ENERGY_BY_RATE, times=ct * pt),
        power_w=_number(values, Measurement.POWER_TOTAL) * ct * pt,
        # a voltage transformer scales voltages alone, a current transformer currents alone; energy and power have both
        voltages_dv=_numbers(values, VOLTAGES, times=pt),
        currents_ca=_numbers(values, CURRENTS, times=ct),
        power_factor_e3=cast("int | None", values.get(Measurement.POWER_FACTOR_TOTAL)),
        frequency_chz=cast("int | None", values.get(Measurement.FREQUENCY)),
        prepaid=_prepaid(values, described.phases) if described.prepaid else None,
        energy_reverse_centikwh=(
            _number(values, Measurement.ENERGY_REVERSE) * ct * pt
            if Measurement.ENERGY_REVERSE in values
            else None
        ),
        energy_range_centikwh=described.energy_range * ct * pt,
        raw=raw,
    )


def evidence(values: Values, at: datetime, raw: bytes) -> Evidence:
    """What decides about a money order."""
    return Evidence(
        at=at,
        purchase_count=_number(values, Measurement.PURCHASE_COUNT),
        total_purchased_fen=_number(values, Measurement.TOTAL_PURCHASED),
        remaining_fen=_number(values, Measurement.REMAINING),
        money_control=bool(values[Measurement.MONEY_CONTROL]),
        raw=raw,
        meter_clock=cast("datetime | None", values.get(Measurement.CLOCK)),
    )


def freshness(meter: MeterAddress, described: Profile, values: Values, at: datetime) -> Freshness:
    """Clock and primary energy."""
    multiplier = meter.ct * meter.pt if described.secondary else 1
    return Freshness(
        at=at,
        meter_clock=cast("datetime | None", values.get(Measurement.CLOCK)),
        energy_centikwh=_number(values, Measurement.ENERGY_TOTAL) * multiplier,
        energy_range_centikwh=described.energy_range * multiplier,
    )


def _prepaid(values: Values, phases: int) -> PrepaidReading:
    status = StatusWord1(_number(values, Measurement.STATUS_WORD_1))
    sharp, peak, flat, valley = (_number(values, price) for price in PRICES)
    return PrepaidReading(
        remaining_fen=_number(values, Measurement.REMAINING),
        purchase_count=_number(values, Measurement.PURCHASE_COUNT),
        total_purchased_fen=_number(values, Measurement.TOTAL_PURCHASED),
        money_control=bool(values[Measurement.MONEY_CONTROL]),
        relay_closed=all(relay in status for relay in RELAY_CLOSED_BY_PHASE[:phases]),
        relay_fault=StatusWord1.RELAY_FAULT in status,
        forced_mode=StatusWord1.FORCED_MODE in status,
        forced_closed=all(wanted in status for wanted in FORCED_CLOSED_BY_PHASE[:phases]),
        alarm_1=StatusWord1.ALARM_1 in status,
        alarm_2=StatusWord1.ALARM_2 in status,
        arrears=StatusWord1.ARREARS in status,
        over_limit=StatusWord1.OVER_LIMIT in status,
        alarms_fen=(_number(values, Measurement.ALARM_1), _number(values, Measurement.ALARM_2)),
        prices_e4=(sharp, peak, flat, valley),
        overdraft_fen=_number(values, Measurement.OVERDRAFT),
        hoarding_limit_fen=_number(values, Measurement.HOARDING_LIMIT),
        overload_w=_number(values, Measurement.OVERLOAD_THRESHOLD),
        base_centikwh=_number(values, Measurement.BASE_ENERGY),
    )


def _number(values: Values, measurement: Measurement) -> int:
    return cast("int", values[measurement])


def _numbers(values: Values, measurements: tuple[Measurement, ...], *, times: int) -> tuple[int, ...]:
    return tuple(_number(values, found) * times for found in measurements if found in values)
