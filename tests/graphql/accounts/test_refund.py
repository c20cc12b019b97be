"""Refund, reversal, rules of selling and the second person, over the API alone."""

from typing import Any
from uuid import uuid4

import pytest

from prewatt_platform.operators.models import Role

pytestmark = pytest.mark.anyio

METER = "0000010201"
SELL = """mutation($input: SaleCreateInput!) { saleCreate(input: $input) {
  sale { receiptNumber fee { amount } } command { id } errors { code } } }"""
REFUND = """mutation($input: RefundCreateInput!) { refundCreate(input: $input) {
  refund { kind state receiptNumber amount { amount } reason } command { id kind } proposed replayed
  errors { code path message } } }"""
REVERSE = """mutation($input: SaleReverseInput!) { saleReverse(input: $input) {
  reversal { kind amount { amount } fee { amount } reverses { receiptNumber } } command { id kind } replayed
  errors { code path message } } }"""
COMMAND = "query($id: ID!) { command(id: $id) { state final sale { kind state totalBefore { amount } totalAfter { amount } } } }"
POLICY = """mutation($input: SalesPolicySetInput!) { salesPolicySet(input: $input) {
  salesPolicy { version saleMin { amount } feePercent secondPersonAbove { amount } hoardingLimit { amount } }
  errors { code path } } }"""
PROPOSALS = "{ proposals { mutation summary proposedBy } }"

RULES = {"expectedVersion": 0, "saleMin": "1.00", "saleMax": "9999.99", "feePercent": "1.50", "feeFixed": "0.10", "reversalDays": 0}  # fmt: skip


async def ended(stack: Any, client: Any, command: str) -> Any:
    async def final() -> Any:
        found = (await client.data(COMMAND, id=command))["command"]
        return found if found["final"] else None

    return await stack.deployment.until(final)


async def sell(stack: Any, client: Any, amount: str) -> Any:
    wish = {"idempotencyKey": str(uuid4()), "meterNumber": METER, "amount": amount}
    sale = (await client.data(SELL, input=wish))["saleCreate"]
    assert (await ended(stack, client, sale["command"]["id"]))["state"] == "APPLIED"
    return sale["sale"]


def refund(amount: str, **other: Any) -> dict[str, Any]:
    return {
        "idempotencyKey": str(uuid4()),
        "meterNumber": METER,
        "amount": amount,
        "reason": "moves out",
        **other,
    }


async def errors(client: Any, query: str, wish: dict[str, Any]) -> list[tuple[str, list[str]]]:
    (payload,) = (await client.data(query, input=wish)).values()
    return [(each["code"], each["path"]) for each in payload["errors"]]


async def test_refunded_and_reversed(own_stack: Any) -> None:
    stack = await own_stack()
    await stack.deployment.read()
    cashier, finance, admin = [
        await stack.client(role) for role in (Role.CASHIER, Role.FINANCE, Role.ADMINISTRATOR)
    ]
    assert (await admin.data(POLICY, input=RULES))["salesPolicySet"]["errors"] == []
    await sell(stack, cashier, "50.00")
    assert await cashier.code(REFUND, input=refund("20.00")) == "FORBIDDEN"
    assert await errors(finance, REFUND, refund("9000.00")) == [("NOT_REFUNDABLE", ["input", "amount"])]
    assert await errors(finance, REFUND, refund("20.001")) == [("BAD_INPUT", ["input", "amount"])]
    assert await errors(finance, REFUND, refund("20.00", reason=" ")) == [("BAD_INPUT", ["input", "reason"])]
    assert await errors(finance, REFUND, refund("20.00", meterNumber="0000010202")) == [
        ("NOT_OPENED", ["input", "meterNumber"])
    ]
    wish = refund("20.00")
    payload = (await finance.data(REFUND, input=wish))["refundCreate"]
    assert payload["errors"] == []
    assert (payload["refund"]["kind"], payload["refund"]["amount"]["amount"]) == ("REFUND", "20.00")
    done = await ended(stack, finance, payload["command"]["id"])
    assert done["sale"] == {
        "kind": "REFUND",
        "state": "APPLIED",
        "totalBefore": {"amount": "350.00"},
        "totalAfter": {"amount": "330.00"},
    }
    assert (await finance.data(REFUND, input=wish))["refundCreate"]["replayed"] is True

    sale = await sell(stack, cashier, "10.00")
    assert sale["fee"]["amount"] == "0.25"
    undo = {"idempotencyKey": str(uuid4()), "receiptNumber": sale["receiptNumber"], "reason": "mistyped"}
    assert await cashier.code(REVERSE, input=undo) == "FORBIDDEN"
    reversal = (await finance.data(REVERSE, input=undo))["saleReverse"]
    assert reversal["errors"] == []
    assert reversal["reversal"] == {
        "kind": "REVERSAL",
        "amount": {"amount": "10.00"},
        "fee": {"amount": "0.25"},
        "reverses": {"receiptNumber": sale["receiptNumber"]},
    }
    assert (await ended(stack, finance, reversal["command"]["id"]))["state"] == "APPLIED"
    assert stack.deployment.farm.meter(METER).total_purchased_fen == 33_000
    again = {**undo, "idempotencyKey": str(uuid4())}
    assert await errors(finance, REVERSE, again) == [("NOT_REVERSIBLE", ["input", "receiptNumber"])]
    assert await errors(finance, REVERSE, {**again, "receiptNumber": "x"}) == [
        ("NOT_FOUND", ["input", "receiptNumber"])
    ]


async def test_rules_and_the_second_person(own_stack: Any) -> None:
    stack = await own_stack()
    await stack.deployment.read()
    finance, admin = await stack.client(Role.FINANCE), await stack.client(Role.ADMINISTRATOR)
    assert await finance.code(POLICY, input=RULES) == "FORBIDDEN"
    for wrong in ("saleMin", "feePercent", "secondPersonAbove"):
        assert await errors(admin, POLICY, {**RULES, wrong: "-1"}) == [("BAD_INPUT", ["input", wrong])]
    rules = {**RULES, "secondPersonAbove": "5.00", "hoardingLimit": "300.00"}
    policy = (await admin.data(POLICY, input=rules))["salesPolicySet"]["salesPolicy"]
    assert policy == {
        "version": 1,
        "saleMin": {"amount": "1.00"},
        "feePercent": "1.50",
        "secondPersonAbove": {"amount": "5.00"},
        "hoardingLimit": {"amount": "300.00"},
    }
    assert await errors(admin, POLICY, rules) == [("VERSION_CONFLICT", ["input", "expectedVersion"])]
    sale = {"idempotencyKey": str(uuid4()), "meterNumber": METER, "amount": "0.99"}
    (error,) = (await admin.data(SELL, input=sale))["saleCreate"]["errors"]
    assert error["code"] == "BAD_INPUT"
    (error,) = (await admin.data(SELL, input={**sale, "amount": "299.00"}))["saleCreate"]["errors"]
    assert error["code"] == "OVER_HOARDING_LIMIT"

    proposed = (await finance.data(REFUND, input=refund("5.01")))["refundCreate"]
    assert (proposed["proposed"], proposed["refund"], proposed["errors"]) == (True, None, [])
    assert (await finance.data(PROPOSALS))["proposals"] == [
        {
            "mutation": "refundCreate",
            "summary": f"refund 5.01 from meter {METER}: moves out",
            "proposedBy": "finance-000",
        }
    ]
    agreed = (await admin.data(REFUND, input=refund("5.01")))["refundCreate"]
    assert (agreed["proposed"], agreed["errors"]) == (False, [])
    assert (await ended(stack, admin, agreed["command"]["id"]))["state"] == "APPLIED"
    assert (await finance.data(PROPOSALS))["proposals"] == []
