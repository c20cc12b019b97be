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


@strawberry.enum(description="Relay state reported by a meter.")
class Relay(Enum):
    """`metering.models.Relay`."""

    CLOSED = strawberry.enum_value("CLOSED", description="Closed: supply is on.")
    OPEN = strawberry.enum_value("OPEN", description="Open: supply is off.")
    UNKNOWN = strawberry.enum_value(
        "UNKNOWN", description="The model has no relay, or the meter was never read."
    )


def relay_of(closed: bool | None) -> Relay:
    """The API value of a stored relay state; None is UNKNOWN."""
    return Relay.UNKNOWN if closed is None else Relay.CLOSED if closed else Relay.OPEN


@strawberry.type(
    description="One reading of a meter. Energy and power are primary values (secondary × CT × PT). A field is null where the model has no such register."
)
class Reading:
    """Built by `reading_of`."""

    at: datetime = strawberry.field(description="When the collector read the meter.")
    meter_clock: str | None = strawberry.field(
        description="The meter's clock at the reading: local time of the project, ISO 8601 without offset."
    )
    stale: bool = strawberry.field(
        description="Whether the meter repeated old registers: its clock stood still or went back since the latest fresh reading. Such a reading is not used for orders and control."
    )
    energy_total: Decimal = strawberry.field(description="Total active energy, kWh.")
    energy_sharp: Decimal | None = strawberry.field(description="Active energy at the sharp rate, kWh.")
    energy_peak: Decimal | None = strawberry.field(description="Active energy at the peak rate, kWh.")
    energy_flat: Decimal | None = strawberry.field(description="Active energy at the flat rate, kWh.")
    energy_valley: Decimal | None = strawberry.field(description="Active energy at the valley rate, kWh.")
    energy_reverse: Decimal | None = strawberry.field(
        description="Total reverse active energy (fed in), kWh."
    )
    power: Decimal = strawberry.field(description="Total active power, kW; negative when feeding in.")
    voltages: list[Decimal] = strawberry.field(description="Phase voltages, V; one value for each phase.")
    currents: list[Decimal] = strawberry.field(description="Phase currents, A; one value for each phase.")
    power_factor: Decimal | None = strawberry.field(description="Total power factor, -1 to 1.")
    frequency: Decimal | None = strawberry.field(description="Frequency, Hz.")
    remaining: Money | None = strawberry.field(description="Credit in the meter; negative when in debt.")
    purchase_count: int | None = strawberry.field(description="Number of purchases that the meter accepted.")
    total_purchased: Money | None = strawberry.field(
        description="Sum of all purchases that the meter accepted."
    )
    money_control: bool | None = strawberry.field(
        description="Whether prepayment is switched on: the meter deducts consumption and cuts off by itself."
    )
    relay: Relay = strawberry.field(description="Relay state.")
    forced_mode: bool | None = strawberry.field(description="Whether forced control is on.")
    alarm_1: bool | None = strawberry.field(description="Whether alarm 1 is raised.")
    alarm_2: bool | None = strawberry.field(description="Whether alarm 2 is raised.")
    arrears: bool | None = strawberry.field(description="Whether the credit is used up.")
    alarm_amount_1: Money | None = strawberry.field(description="Credit at or below which alarm 1 is raised.")
    alarm_amount_2: Money | None = strawberry.field(description="Credit at or below which alarm 2 is raised.")
    overdraft: Money | None = strawberry.field(description="Debt up to which the meter keeps supplying.")
    overload_threshold_kw: Decimal | None = strawberry.field(
        description="Power above which the meter opens its relay, kW."
    )
    price_sharp: Decimal | None = strawberry.field(
        description="Price per kWh at the sharp rate, project currency, 4 decimals."
    )
    price_peak: Decimal | None = strawberry.field(
        description="Price per kWh at the peak rate, project currency, 4 decimals."
    )
    price_flat: Decimal | None = strawberry.field(
        description="Price per kWh at the flat rate, project currency, 4 decimals."
    )
    price_valley: Decimal | None = strawberry.field(
        description="Price per kWh at the valley rate, project currency, 4 decimals."
    )


@strawberry.type(
    description="Readings of one meter as parallel columns of equal length, oldest first. A value is null where the model has no such register."
)
class ReadingColumns:
    """Built by `columns_of`."""

    times: list[datetime] = strawberry.field(description="When the collector read the meter.")
    stale: list[bool] = strawberry.field(
        description="Whether the meter repeated old registers, see `Reading.stale`."
    )
    energy_total: list[Decimal] = strawberry.field(description="Total active energy, kWh, primary.")
    energy_sharp: list[Decimal | None] = strawberry.field(
        description="Active energy at the sharp rate, kWh, primary."
    )
    energy_peak: list[Decimal | None] = strawberry.field(
        description="Active energy at the peak rate, kWh, primary."
    )
    energy_flat: list[Decimal | None] = strawberry.field(
        description="Active energy at the flat rate, kWh, primary."
    )
    energy_valley: list[Decimal | None] = strawberry.field(
        description="Active energy at the valley rate, kWh, primary."
    )
    energy_reverse: list[Decimal | None] = strawberry.field(
        description="Total reverse active energy (fed in), kWh, primary."
    )
    power: list[Decimal] = strawberry.field(
        description="Total active power, kW, primary; negative when feeding in."
    )
    remaining: list[Decimal | None] = strawberry.field(
        description="Credit in the meter, project currency; negative when in debt."
    )
    purchase_count: list[int | None] = strawberry.field(
        description="Number of purchases that the meter accepted."
    )
    relay: list[Relay] = strawberry.field(description="Relay state.")
    truncated: bool = strawberry.field(
        description="Whether more than `maxPoints` readings match; query again with `from` set to just after the last time."
    )


def reading_of(row: ReadingRow, currency: str) -> Reading:
    """The API type of a stored reading."""
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
    """Stored readings as columns, in the order given."""
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
    """Four values: sharp, peak, flat, valley; None for those that the meter does not have."""
    found: list[int | None] = list(values or ())
    return (found + [None] * 4)[:4]
