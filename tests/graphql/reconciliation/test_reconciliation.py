"""Meters beside ledger and orders, through the API."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from prewatt_fixtures.clock import ManualClock
from prewatt_fixtures.wire.vendor import TopUp, encode_request
from prewatt_platform.kernel.connections import connect
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.ids import IdMaker
from prewatt_platform.operators.models import Role
from prewatt_platform.reconciliation.nightly import NightlyVerification

pytestmark = pytest.mark.anyio

ASK = """query($numbers: [String!], $first: Int = 50, $after: String) {
  reconciliation(meterNumbers: $numbers, first: $first, after: $after) {
    edges { cursor node {
      meterNumber place readAt purchaseCountExpected purchaseCountShown totalPurchasedExpected { amount }
      totalPurchasedShown { amount } orderUnderWay { amount } delivered { amount } remaining { amount }
      use { since until charge { amount } deducted { amount } tolerance { amount } agrees } onHold differences } }
    pageInfo { hasNextPage endCursor } } }"""
SELL = (
    """mutation($input: SaleCreateInput!) { saleCreate(input: $input) { command { id } errors { code } } }"""
)
METER = "0000010201"


async def _sold(stack: Any, admin: Any, amount: str) -> None:
    sale = {"idempotencyKey": str(uuid4()), "meterNumber": METER, "amount": amount}
    command = (await admin.data(SELL, input=sale))["saleCreate"]["command"]["id"]

    async def applied() -> bool:
        found = await admin.data("query($id: ID!) { command(id: $id) { state } }", id=command)
        return bool(found["command"]["state"] == "APPLIED")

    await stack.deployment.until(applied)


async def test_a_meter_that_was_sold_to_agrees(own_stack: Any) -> None:
    stack = await own_stack()
    await stack.deployment.read()
    admin = await stack.client()
    await _sold(stack, admin, "12.34")
    (edge,) = (await admin.data(ASK, numbers=[METER]))["reconciliation"]["edges"]
    found = edge["node"]
    assert found["differences"] == []
    assert found["onHold"] is None
    assert found["delivered"] == {"amount": "312.34"}
    assert found["totalPurchasedShown"]["amount"] in {"300.00", "312.34"}, (
        "the reading after the sale, or before"
    )


async def test_a_meter_charged_by_a_stranger_shows_both_sides(own_stack: Any) -> None:
    stack = await own_stack()
    await stack.deployment.read()
    admin = await stack.client()
    await _sold(stack, admin, "10.00")
    farm = stack.deployment.farm
    card = encode_request(TopUp(500, farm.meter(METER).purchase_count + 1))
    farm.bus(METER[:6], int(METER[6:8])).exchange(int(METER[8:], 16), card, farm.clock.time())
    refresh = (
        "mutation($n: String!) { meterRefresh(input: {meterNumber: $n}) { command { id } errors { code } } }"
    )
    await admin.data(refresh, n=METER)

    async def differs() -> list[str]:
        (edge,) = (await admin.data(ASK, numbers=[METER]))["reconciliation"]["edges"]
        differences: list[str] = edge["node"]["differences"]
        return differences

    (difference,) = await stack.deployment.until(differs)
    assert difference == (
        "purchase count 8 and total 31500 fen in the meter, 7 and 31000 fen by the applied orders"
    )


async def test_pages_by_number_and_only_for_those_who_may_see_sales(stack: Any) -> None:
    finance = await stack.client(Role.FINANCE)
    numbers: list[str] = []
    after = None
    while True:
        page = (await finance.data(ASK, first=1, after=after))["reconciliation"]
        numbers += [edge["node"]["meterNumber"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert numbers == sorted(set(numbers))
    assert METER in numbers
    viewer = await stack.client(Role.VIEWER)
    assert await viewer.code(ASK) == "FORBIDDEN"
    assert await finance.code(ASK, after="nonsense") == "BAD_INPUT"


VERIFICATIONS = (
    """{ verifications { day clean findings outcomes { code findings first { subject expected found } } } }"""
)


async def test_what_a_night_found_is_shown_with_both_sides(own_stack: Any) -> None:
    stack = await own_stack()
    await stack.deployment.read()
    admin = await stack.client()
    await _sold(stack, admin, "10.00")
    assert await admin.data(VERIFICATIONS) == {"verifications": []}
    clock = ManualClock(datetime(2026, 3, 1, 20, tzinfo=UTC))
    database = Database(stack.deployment.database.url, clock=clock, new_id=IdMaker(clock))
    await NightlyVerification(database, clock).verify_due()
    # a counter that moved without us
    connection = await connect(stack.deployment.database.url)
    await connection.execute("UPDATE readings SET purchase_count = purchase_count + 1")
    await connection.close()
    clock.advance(86_400)
    await NightlyVerification(database, clock).verify_due()
    await database.close()
    wrong, right = (await admin.data(VERIFICATIONS))["verifications"]
    assert (right["day"], right["clean"], right["findings"]) == ("2026-03-02", True, 0)
    assert (wrong["day"], wrong["clean"]) == ("2026-03-03", False)
    (meters,) = [each for each in wrong["outcomes"] if each["findings"]]
    assert meters["code"] == "T7"
    assert meters["first"][0]["subject"].startswith("meter 00000102")
    assert "purchase count" in meters["first"][0]["found"]
