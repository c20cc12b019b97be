"""Fees over the API: charged by row or by share, seen by account, taken at top-up."""

from typing import Any
from uuid import uuid4

import pytest

from prewatt_platform.operators.models import Role

pytestmark = pytest.mark.anyio

CHARGE = """mutation($input: ChargeCreateInput!) { chargeCreate(input: $input) {
  document charges { kind label place amount { amount } } replayed errors { code path } } }"""
SHARE = """mutation($input: ShareCreateInput!) { shareCreate(input: $input) {
  shares { meterNumber weight amount { amount } } document charges { amount { amount } } errors { code path } } }"""
POLICY = """mutation($input: SalesPolicySetInput!) { salesPolicySet(input: $input) {
  salesPolicy { owedFeePercent propertyFeePercent } errors { code path } } }"""
SELL = """mutation($input: SaleCreateInput!) { saleCreate(input: $input) {
  sale { amount { amount } owedFees { amount } propertyFee { amount } paid { amount } } errors { code } } }"""
CHARGES = """query($account: ID!) { charges(account: $account) {
  owed { amount } charges { settled { amount } charge { document amount { amount } } } } }"""
RULES = {"saleMin": "1.00", "saleMax": "9999.99", "feePercent": "0", "feeFixed": "0", "reversalDays": 0}


def wish(**other: Any) -> dict[str, Any]:
    return {"idempotencyKey": str(uuid4()), "reason": "agreed", **other}


async def test_charged_shown_and_taken(own_stack: Any) -> None:
    stack = await own_stack(work="api")
    finance, admin = await stack.client(Role.FINANCE), await stack.client()
    rows = [{"meterNumber": "0000010201", "amount": "30.00"}]
    fee = wish(label="January", rows=rows)
    assert await (await stack.client(Role.CASHIER)).code(CHARGE, input=fee) == "FORBIDDEN"
    charged = (await finance.data(CHARGE, input=fee))["chargeCreate"]
    assert charged == {
        "document": "000F000001",
        "charges": [
            {"kind": "PROPERTY", "label": "January", "place": "201 理发店", "amount": {"amount": "30.00"}}
        ],
        "replayed": False,
        "errors": [],
    }
    assert (await finance.data(CHARGE, input=fee))["chargeCreate"]["replayed"] is True

    both = [
        {"meterNumber": "0000010201", "weight": "80.50"},
        {"meterNumber": "000001010A", "weight": "40.25"},
    ]
    lift = wish(label="lift", total="10.00", basis="AREA", rows=both)
    preview = (await finance.data(SHARE, input={**lift, "dryRun": True}))["shareCreate"]
    assert [(each["weight"], each["amount"]["amount"]) for each in preview["shares"]] == [
        ("80.50", "6.67"),
        ("40.25", "3.33"),
    ]
    assert (preview["document"], preview["charges"]) == (None, [])
    posted = (await finance.data(SHARE, input=lift))["shareCreate"]
    assert (posted["document"], len(posted["charges"])) == ("000F000002", 2)

    terms = {**RULES, "expectedVersion": 0, "owedFeePercent": "50.00", "propertyFeePercent": "40.01"}
    assert (await admin.data(POLICY, input=terms))["salesPolicySet"]["errors"] == [
        {"code": "BAD_INPUT", "path": ["input", "propertyFeePercent"]}
    ]
    terms["propertyFeePercent"] = "10.00"
    assert (await admin.data(POLICY, input=terms))["salesPolicySet"]["salesPolicy"] == {
        "owedFeePercent": "50.00",
        "propertyFeePercent": "10.00",
    }
    sale = {"idempotencyKey": str(uuid4()), "meterNumber": "0000010201", "amount": "20.00"}
    assert (await admin.data(SELL, input=sale))["saleCreate"]["sale"] == {
        "amount": {"amount": "8.00"},
        "owedFees": {"amount": "10.00"},
        "propertyFee": {"amount": "2.00"},
        "paid": {"amount": "20.00"},
    }
    account = (await admin.data('{ meter(number: "0000010201") { account { id } } }'))["meter"]["account"][
        "id"
    ]
    assert (await admin.data(CHARGES, account=account))["charges"] == {
        "owed": {"amount": "36.67"},
        "charges": [
            {
                "settled": {"amount": "0.00"},
                "charge": {"document": "000F000001", "amount": {"amount": "30.00"}},
            },
            {
                "settled": {"amount": "0.00"},
                "charge": {"document": "000F000002", "amount": {"amount": "6.67"}},
            },
        ],
    }
    assert (await admin.data(CHARGES, account="nonsense"))["charges"] is None


REVERSE = """mutation($input: ChargeReverseInput!) { chargeReverse(input: $input) {
  document total { amount } replayed errors { code path } } }"""


async def test_charged_and_undone(own_stack: Any) -> None:
    stack = await own_stack(work=None)
    finance = await stack.client(Role.FINANCE)
    rows = [{"meterNumber": "0000010201", "amount": "30.00"}]
    await finance.data(CHARGE, input=wish(label="January", rows=rows))
    undone = await finance.data(REVERSE, input=wish(document="000F000001"))
    assert undone["chargeReverse"] == {
        "document": "000F000001",
        "total": {"amount": "30.00"},
        "replayed": False,
        "errors": [],
    }
    for document, code in (("000F000001", "NOT_REVERSIBLE"), ("000F000002", "NOT_FOUND")):
        payload = (await finance.data(REVERSE, input=wish(document=document)))["chargeReverse"]
        assert payload["errors"] == [{"code": code, "path": ["input", "document"]}]


async def test_wrong_rows_by_row_and_field(own_stack: Any) -> None:
    stack = await own_stack(work=None)
    finance = await stack.client(Role.FINANCE)

    async def errors(query: str, asked: dict[str, Any]) -> list[tuple[str, list[str]]]:
        (payload,) = (await finance.data(query, input=asked)).values()
        return [(each["code"], each["path"]) for each in payload["errors"]]

    rows = [{"meterNumber": "0000010202", "amount": "1.00"}, {"meterNumber": "0000010201", "amount": "0"}]
    assert await errors(CHARGE, wish(label="x", rows=rows)) == [
        ("NOT_OPENED", ["input", "rows", "0", "meterNumber"]),
        ("BAD_INPUT", ["input", "rows", "1", "amount"]),
    ]
    one = [{"meterNumber": "0000010201"}]
    area = wish(label="x", total="1.00", basis="AREA", rows=one)
    assert await errors(SHARE, area) == [("BAD_INPUT", ["input", "rows", "0", "weight"])]
    fine = [{"meterNumber": "0000010201", "weight": "1.001"}]
    assert await errors(SHARE, {**area, "rows": fine}) == [("BAD_INPUT", ["input", "rows", "0", "weight"])]
    use = {**area, "basis": "USE", "from": "2020-01-01T00:00:00Z", "to": "2020-02-01T00:00:00Z"}
    assert await errors(SHARE, use) == [("READING_NEEDED", ["input", "rows", "0", "meterNumber"])]
    assert await errors(SHARE, {**use, "to": None}) == [("BAD_INPUT", ["input", "to"])]
    assert await errors(SHARE, {**use, "total": "0"}) == [("BAD_INPUT", ["input", "total"])]
