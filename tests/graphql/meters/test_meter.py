"""One meter, as imported from its site and as read."""

from decimal import Decimal
from typing import Any

import pytest

pytestmark = pytest.mark.anyio

METER = """query($number: String!) { meter(number: $number) {
  id number model place area gateway { id number name kind } port busAddress ct pt postpaid remark balanceLocation
  account { id state customer { id name phone } openedAt } accountState standing controlMode controlModeObserved purchaseCountNearEnd
  relay relayReadAt lost lastHeardAt balance { amount currency } openOrder { id } readingIntervalMinutes
  reading {
    at meterClock energyTotal energySharp energyPeak energyFlat energyValley power voltages currents powerFactor
    frequency remaining { amount currency } purchaseCount totalPurchased { amount } moneyControl relay forcedMode
    alarm1 alarm2 arrears alarmAmount1 { amount } alarmAmount2 { amount } overdraft { amount } overloadThresholdKw
    priceSharp pricePeak priceFlat priceValley
  }
} }"""


async def test_a_prepaid_meter(admin: Any) -> None:
    meter = (await admin.data(METER, number="0000010201"))["meter"]
    assert (meter["model"], meter["place"], meter["area"]) == (
        "DDSY1352-NK/F",
        "201 理发店",
        ["1号楼", "2层"],
    )
    gateway = meter["gateway"]
    assert (gateway["number"], gateway["name"], gateway["kind"]) == ("000001", "1号楼", "serial-server")
    assert (meter["port"], meter["busAddress"], meter["ct"], meter["pt"]) == (2, 1, 1, 1)
    assert (meter["postpaid"], meter["balanceLocation"]) == (False, "METER")
    assert (meter["account"]["state"], meter["accountState"], meter["standing"]) == ("OPEN", "OPEN", "OPENED")
    assert meter["account"]["customer"]["name"] == "钱乙"
    assert meter["account"]["customer"]["phone"] == "19900000002"
    assert (meter["controlMode"], meter["controlModeObserved"]) == ("PREPAID", "PREPAID")
    assert meter["purchaseCountNearEnd"] is False
    assert (meter["relay"], meter["lost"], meter["openOrder"]) == ("CLOSED", False, None)
    assert meter["relayReadAt"] == meter["lastHeardAt"] == meter["reading"]["at"]
    assert meter["balance"] == meter["reading"]["remaining"]
    assert meter["balance"]["currency"] == "CNY"
    assert Decimal("41.00") < Decimal(meter["balance"]["amount"]) <= Decimal("41.25"), "the farm's clock runs"
    reading = meter["reading"]
    assert reading["purchaseCount"] == 6
    assert reading["totalPurchased"] == {"amount": "300.00"}
    assert (reading["moneyControl"], reading["forcedMode"], reading["relay"]) == (True, False, "CLOSED")
    assert Decimal(reading["energyTotal"]) >= Decimal("465.00")
    rates = [Decimal(reading[f"energy{rate}"]) for rate in ("Sharp", "Peak", "Flat", "Valley")]
    assert abs(sum(rates) - Decimal(reading["energyTotal"])) <= Decimal("0.04")
    assert reading["priceFlat"] == "0.7500"
    assert len(reading["voltages"]) == len(reading["currents"]) == 1
    assert reading["at"].endswith("Z")
    assert "+" not in reading["meterClock"]
    assert not reading["meterClock"].endswith("Z")


async def test_a_postpaid_meter_behind_transformers(admin: Any) -> None:
    meter = (await admin.data(METER, number="0000010102"))["meter"]
    assert (meter["postpaid"], meter["balanceLocation"], meter["account"]) == (True, "NONE", None)
    assert (meter["accountState"], meter["standing"], meter["relay"]) == ("UNOPENED", "UNOPENED", "UNKNOWN")
    assert (meter["ct"], meter["relayReadAt"], meter["controlModeObserved"]) == (20, None, None)
    reading = meter["reading"]
    assert Decimal(reading["energyTotal"]) >= Decimal("2000.00"), "primary energy"
    assert [reading[name] for name in ("remaining", "purchaseCount", "moneyControl", "priceFlat")] == [
        None
    ] * 4
    assert len(reading["voltages"]) == 3
    owed = Decimal(meter["balance"]["amount"])
    assert owed == -Decimal(reading["energyTotal"]), "what it would owe, from base 0 at 1.0000 per kWh"


async def test_an_unopened_prepaid_meter_shows_its_negative_credit(admin: Any) -> None:
    meter = (await admin.data(METER, number="0000010202"))["meter"]
    assert (meter["accountState"], meter["standing"], meter["relay"]) == ("UNOPENED", "UNOPENED", "CLOSED")
    assert meter["balance"] == meter["reading"]["remaining"]
    assert meter["reading"]["moneyControl"] is False


@pytest.mark.parametrize(
    "number", ["", "0000010199", "9999999999", "000001020", "x" * 5000, "0000010201 ", "000001010a"]
)
async def test_an_unknown_number(admin: Any, number: str) -> None:
    assert await admin.data(METER, number=number) == {"meter": None}


async def test_a_meter_that_was_never_read(own_stack: Any) -> None:
    admin = await (await own_stack(work="api")).client()
    meter = (await admin.data(METER, number="0000010201"))["meter"]
    for nothing in ("reading", "balance", "relayReadAt", "lastHeardAt", "controlModeObserved"):
        assert meter[nothing] is None
    assert (meter["relay"], meter["lost"]) == ("UNKNOWN", False)
