"""A statement ties out, over any span."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from prewatt_platform.operators.models import Role

pytestmark = pytest.mark.anyio

METER = "0000010201"
ACCOUNT = "query($n: String!) { meter(number: $n) { account { id } } }"
ASK = """query($account: ID!, $from: DateTime!, $to: DateTime!) { statement(account: $account, from: $from, to: $to) {
  from to opening { amount currency } closing { amount }
  movements { at kind funding place document reason operatorName amount { amount } balanceAfter { amount } } } }"""
SELL = """mutation($input: SaleCreateInput!) { saleCreate(input: $input) {
  command { id } sale { receiptNumber } errors { code } } }"""
EVER = {"from": "2020-01-01T00:00:00Z", "to": "2120-01-01T00:00:00Z"}


async def test_opening_movements_closing(own_stack: Any) -> None:
    stack = await own_stack()
    await stack.deployment.read()
    cashier = await stack.client(Role.CASHIER)
    account = (await cashier.data(ACCOUNT, n=METER))["meter"]["account"]["id"]
    receipts = []
    for amount in ("10.00", "0.01"):
        sale = {"idempotencyKey": str(uuid4()), "meterNumber": METER, "amount": amount}
        made = (await cashier.data(SELL, input=sale))["saleCreate"]
        receipts.append(made["sale"]["receiptNumber"])

        async def applied(command: str = made["command"]["id"]) -> bool:
            found = await cashier.data("query($id: ID!) { command(id: $id) { state } }", id=command)
            return bool(found["command"]["state"] == "APPLIED")

        await stack.deployment.until(applied)
    found = (await cashier.data(ASK, account=account, **EVER))["statement"]
    assert found["opening"] == {"amount": "0.00", "currency": "CNY"}
    assert [each["amount"]["amount"] for each in found["movements"]] == ["300.00", "10.00", "0.01"]
    assert [each["kind"] for each in found["movements"]] == ["ADJUSTMENT", "SALE", "SALE"]
    assert [each["document"] for each in found["movements"][1:]] == receipts
    assert {each["place"] for each in found["movements"]} == {"201 理发店"}
    assert [each["balanceAfter"]["amount"] for each in found["movements"]] == ["300.00", "310.00", "310.01"]
    assert found["closing"] == {"amount": "310.01"}

    # each cut of the time line joins without a gap
    cut = datetime.fromisoformat(found["movements"][1]["at"]).astimezone(UTC)
    for at in (cut, cut + timedelta(microseconds=1)):
        early = (await cashier.data(ASK, account=account, **{**EVER, "to": at.isoformat()}))["statement"]
        late = (await cashier.data(ASK, account=account, **{**EVER, "from": at.isoformat()}))["statement"]
        assert early["closing"]["amount"] == late["opening"]["amount"]
        assert early["movements"] + late["movements"] == found["movements"]
        moved = sum(Decimal(each["amount"]["amount"]) for each in late["movements"])
        assert Decimal(late["opening"]["amount"]) + moved == Decimal(late["closing"]["amount"])


async def test_what_is_refused(stack: Any) -> None:
    finance = await stack.client(Role.FINANCE)
    account = (await finance.data(ACCOUNT, n=METER))["meter"]["account"]["id"]
    assert await finance.code(ASK, account=account, **{**EVER, "to": EVER["from"]}) == "BAD_INPUT"
    assert (await finance.data(ASK, account="nonsense", **EVER))["statement"] is None
    viewer = await stack.client(Role.VIEWER)
    assert await viewer.code(ASK, account=account, **EVER) == "FORBIDDEN"
