"""Readings as objects and as columns."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum

import strawberry

from prewatt_graphql.quantities import MONEY_DECIMALS, PRICE_DECIMALS, Money, decimal, maybe, maybe_money
from prewatt_platform.metering.models import Reading as ReadingRow

ENERGY_DECIMALS = 2
POWER_DECIMALS = 3


@strawberry.enum(description="What a meter reported of its relay.")
class Relay(Enum):
    """Mirrors the platform's."""

    CLOSED = strawberry.enum_value("CLOSED", description="Supply is on.")
    OPEN = strawberry.enum_value("OPEN", description="Supply is off.")
    UNKNOWN = strawberry.enum_value("UNKNOWN", description="The meter has no relay, or was never read.")


def relay_of(closed: bool | None) -> Relay:
    """The relay as the API says it."""
    return Relay.UNKNOWN if closed is None else Relay.CLOSED if closed else Relay.OPEN


@strawberry.type(description="One reading of a meter. Energy and power are primary (× CT × PT).")
class Reading:
    """Built by `reading_of`."""

    at: datetime = strawberry.field(description="When the collector read it.")
    meter_clock: str | None = strawberry.field(
        description="The meter's own clock: local time of the project, ISO 8601 without offset."
    )
    stale: bool = strawberry.field(
        description="Whether the meter repeated an old register picture: its clock stood still or went back."
    )
    energy_total: Decimal = strawberry.field(description="Total active energy, kWh.")
    energy_sharp: Decimal | None = strawberry.field(description="Active energy at the sharp rate, kWh.")
    energy_peak: Decimal | None = strawberry.field(description="Active energy at the peak rate, kWh.")
    energy_flat: Decimal | None = strawberry.field(description="Active energy at the flat rate, kWh.")
    energy_valley: Decimal | None = strawberry.field(description="Active energy at the valley rate, kWh.")
    energy_reverse: Decimal | None = strawberry.field(
        description="Active energy fed in, kWh; null on a model without that register."
    )
    power: Decimal = strawberry.field(description="Total active power, kW; negative: fed in.")
    voltages: list[Decimal] = strawberry.field(
        description="Phase voltages, V; one for each phase of the meter."
    )
    currents: list[Decimal] = strawberry.field(
        description="Phase currents, A; one for each phase of the meter."
    )
    power_factor: Decimal | None = strawberry.field(description="Total power factor.")
    frequency: Decimal | None = strawberry.field(description="Frequency, Hz.")
    remaining: Money | None = strawberry.field(description="Credit in the meter; below zero is owed.")
    purchase_count: int | None = strawberry.field(description="How many purchases the meter has taken.")
    total_purchased: Money | None = strawberry.field(description="Sum of all purchases the meter has taken.")
    money_control: bool | None = strawberry.field(
        description="Whether the meter deducts and cuts off by itself."
    )
    relay: Relay = strawberry.field(description="How the relay stood.")
    forced_mode: bool | None = strawberry.field(description="Whether forced control was on.")
    alarm_1: bool | None = strawberry.field(description="Whether alarm 1 was raised.")
    alarm_2: bool | None = strawberry.field(description="Whether alarm 2 was raised.")
    arrears: bool | None = strawberry.field(description="Whether the credit was used up.")
    alarm_amount_1: Money | None = strawberry.field(description="Credit at which alarm 1 is raised.")
    alarm_amount_2: Money | None = strawberry.field(description="Credit at which alarm 2 is raised.")
    overdraft: Money | None = strawberry.field(description="How far below zero the meter keeps supplying.")
    overload_threshold_kw: Decimal | None = strawberry.field(
        description="Power above which the meter trips, kW."
    )
    price_sharp: Decimal | None = strawberry.field(description="Price per kWh at the sharp rate.")
    price_peak: Decimal | None = strawberry.field(description="Price per kWh at the peak rate.")
    price_flat: Decimal | None = strawberry.field(description="Price per kWh at the flat rate.")
    price_valley: Decimal | None = strawberry.field(description="Price per kWh at the valley rate.")


@strawberry.type(
    description="Readings of one meter as parallel columns, oldest first; null where there was nothing."
)
class ReadingColumns:
    """Built by `columns_of`."""

    times: list[datetime] = strawberry.field(description="When each was read.")
    stale: list[bool] = strawberry.field(description="Whether the meter repeated an old register picture.")
    energy_total: list[Decimal] = strawberry.field(description="Total active energy, kWh, primary.")
    energy_sharp: list[Decimal | None] = strawberry.field(
        description="Energy at the sharp rate, kWh, primary."
    )
    energy_peak: list[Decimal | None] = strawberry.field(description="Energy at the peak rate, kWh, primary.")
    energy_flat: list[Decimal | None] = strawberry.field(description="Energy at the flat rate, kWh, primary.")
    energy_valley: list[Decimal | None] = strawberry.field(
        description="Energy at the valley rate, kWh, primary."
    )
    energy_reverse: list[Decimal | None] = strawberry.field(description="Active energy fed in, kWh, primary.")
    power: list[Decimal] = strawberry.field(description="Total active power, kW, primary; negative: fed in.")
    remaining: list[Decimal | None] = strawberry.field(
        description="Credit in the meter, in the project's currency."
    )
    purchase_count: list[int | None] = strawberry.field(description="Purchases that the meter has taken.")
    relay: list[Relay] = strawberry.field(description="How the relay stood.")
    truncated: bool = strawberry.field(
        description="Whether there are more readings in the span than `maxPoints`; go on from the last time."
    )


def reading_of(row: ReadingRow, currency: str) -> Reading:
    """A stored reading as the API shows it."""
    rates = _rates(row)
    prices = _padded(row.prices_e4)
    alarms = _padded(row.alarms_fen)
    return Reading(
        at=row.at,
        meter_clock=None if row.meter_clock is None else row.meter_clock.isoformat(),
        stale=row.stale,
        energy_total=decimal(row.energy_centikwh, ENERGY_DECIMALS),
        energy_sharp=rates[0],
        energy_peak=rates[1],
        energy_flat=rates[2],
        energy_valley=rates[3],
        energy_reverse=maybe(row.energy_reverse_centikwh, ENERGY_DECIMALS),
        power=decimal(row.power_w, POWER_DECIMALS),
        voltages=[decimal(volts, 1) for volts in row.voltages_dv],
        currents=[decimal(amperes, 2) for amperes in row.currents_ca],
        power_factor=maybe(row.power_factor_e3, 3),
        frequency=maybe(row.frequency_chz, 2),
        remaining=maybe_money(row.remaining_fen, currency),
        purchase_count=row.purchase_count,
        total_purchased=maybe_money(row.total_purchased_fen, currency),
        money_control=row.money_control,
        relay=relay_of(row.relay_closed),
        forced_mode=row.forced_mode,
        alarm_1=row.alarm_1,
        alarm_2=row.alarm_2,
        arrears=row.arrears,
        alarm_amount_1=maybe_money(alarms[0], currency),
        alarm_amount_2=maybe_money(alarms[1], currency),
        overdraft=maybe_money(row.overdraft_fen, currency),
        overload_threshold_kw=maybe(row.overload_w, POWER_DECIMALS),
        price_sharp=maybe(prices[0], PRICE_DECIMALS),
        price_peak=maybe(prices[1], PRICE_DECIMALS),
        price_flat=maybe(prices[2], PRICE_DECIMALS),
        price_valley=maybe(prices[3], PRICE_DECIMALS),
    )


def columns_of(rows: Sequence[ReadingRow], *, truncated: bool) -> ReadingColumns:
    """Stored readings as columns."""
    rates = [_rates(row) for row in rows]
    return ReadingColumns(
        times=[row.at for row in rows],
        stale=[row.stale for row in rows],
        energy_total=[decimal(row.energy_centikwh, ENERGY_DECIMALS) for row in rows],
        energy_sharp=[rate[0] for rate in rates],
        energy_peak=[rate[1] for rate in rates],
        energy_flat=[rate[2] for rate in rates],
        energy_valley=[rate[3] for rate in rates],
        energy_reverse=[maybe(row.energy_reverse_centikwh, ENERGY_DECIMALS) for row in rows],
        power=[decimal(row.power_w, POWER_DECIMALS) for row in rows],
        remaining=[maybe(row.remaining_fen, MONEY_DECIMALS) for row in rows],
        purchase_count=[row.purchase_count for row in rows],
        relay=[relay_of(row.relay_closed) for row in rows],
        truncated=truncated,
    )


def _rates(row: ReadingRow) -> list[Decimal | None]:
    return [maybe(centikwh, ENERGY_DECIMALS) for centikwh in _padded(row.energy_by_rate_centikwh)]


def _padded(values: Sequence[int] | None) -> list[int | None]:
    """Four values, with None for those that the meter does not have."""
    found: list[int | None] = list(values or ())
    return (found + [None] * 4)[:4]
