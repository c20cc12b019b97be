"""A reading of a meter."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self

from prewatt_tui.models.values import Json, Money, decimal, money


class Relay(StrEnum):
    """Where the relay was last read to be."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading; values that were not asked for or that the meter lacks are None."""

    at: datetime
    energy_total_kwh: Decimal
    power_kw: Decimal
    relay: Relay | None = None
    meter_clock: str | None = None
    energy_reverse_kwh: Decimal | None = None
    energy_sharp_kwh: Decimal | None = None
    energy_peak_kwh: Decimal | None = None
    energy_flat_kwh: Decimal | None = None
    energy_valley_kwh: Decimal | None = None
    voltages_v: tuple[Decimal, ...] = ()
    currents_a: tuple[Decimal, ...] = ()
    power_factor: Decimal | None = None
    frequency_hz: Decimal | None = None
    remaining: Money | None = None
    purchase_count: int | None = None
    total_purchased: Money | None = None
    money_control: bool | None = None
    forced_mode: bool | None = None
    alarm_1: bool | None = None
    alarm_2: bool | None = None
    arrears: bool | None = None
    alarm_amount_1: Money | None = None
    alarm_amount_2: Money | None = None
    overdraft: Money | None = None
    overload_threshold_kw: Decimal | None = None
    price_sharp: Decimal | None = None
    price_peak: Decimal | None = None
    price_flat: Decimal | None = None
    price_valley: Decimal | None = None

    @classmethod
    def of(cls, data: Json) -> Self:
        return cls(
            at=datetime.fromisoformat(data["at"]),
            energy_total_kwh=Decimal(data["energyTotal"]),
            power_kw=Decimal(data["power"]),
            relay=None if data.get("relay") is None else Relay(data["relay"]),
            meter_clock=data.get("meterClock"),
            energy_reverse_kwh=decimal(data.get("energyReverse")),
            energy_sharp_kwh=decimal(data.get("energySharp")),
            energy_peak_kwh=decimal(data.get("energyPeak")),
            energy_flat_kwh=decimal(data.get("energyFlat")),
            energy_valley_kwh=decimal(data.get("energyValley")),
            voltages_v=tuple(map(Decimal, data.get("voltages", ()))),
            currents_a=tuple(map(Decimal, data.get("currents", ()))),
            power_factor=decimal(data.get("powerFactor")),
            frequency_hz=decimal(data.get("frequency")),
            remaining=money(data.get("remaining")),
            purchase_count=data.get("purchaseCount"),
            total_purchased=money(data.get("totalPurchased")),
            money_control=data.get("moneyControl"),
            forced_mode=data.get("forcedMode"),
            alarm_1=data.get("alarm1"),
            alarm_2=data.get("alarm2"),
            arrears=data.get("arrears"),
            alarm_amount_1=money(data.get("alarmAmount1")),
            alarm_amount_2=money(data.get("alarmAmount2")),
            overdraft=money(data.get("overdraft")),
            overload_threshold_kw=decimal(data.get("overloadThresholdKw")),
            price_sharp=decimal(data.get("priceSharp")),
            price_peak=decimal(data.get("pricePeak")),
            price_flat=decimal(data.get("priceFlat")),
            price_valley=decimal(data.get("priceValley")),
        )
