"""Grants over the API."""

from typing import Any
from uuid import uuid4

import pytest

from prewatt_platform.operators.models import Role

pytestmark = pytest.mark.anyio

GRANT = """mutation($input: GrantCreateInput!) { grantCreate(input: $input) {
  grants { kind programme meterNumber amount { amount } fee { amount } } refused { row field code message }
  replayed errors { code path } } }"""
SALES = "{ sales { edges { node { kind } } totals { granted { amount } net { amount } } } }"


def wish(*rows: tuple[str, str], **other: Any) -> dict[str, Any]:
    return {
        "idempotencyKey": str(uuid4()),
        "kind": "ALLOWANCE",
        "programme": "basic",
        "month": "2026-01-01",
        "reason": "agreed",
        "rows": [{"meterNumber": number, "amount": amount} for number, amount in rows],
        **other,
    }


async def test_rows_by_row_and_field(own_stack: Any) -> None:
    stack = await own_stack(work="api")
    finance = await stack.client(Role.FINANCE)
    assert (
        await (await stack.client(Role.CASHIER)).code(GRANT, input=wish(("0000010201", "1"))) == "FORBIDDEN"
    )
    rows = [("0000010201", "5.00"), ("0000010202", "5.00"), ("000001010A", "0")]
    refused = (await finance.data(GRANT, input=wish(*rows)))["grantCreate"]
    assert refused["grants"] == []
    assert [(each["code"], each["path"]) for each in refused["errors"]] == [
        ("NOT_OPENED", ["input", "rows", "1", "meterNumber"]),
        ("BAD_INPUT", ["input", "rows", "2", "amount"]),
    ]
    skipping = wish(*rows, errorPolicy="SKIP_FAILED")
    for replayed in (False, True):
        payload = (await finance.data(GRANT, input=skipping))["grantCreate"]
        assert (payload["errors"], payload["replayed"]) == ([], replayed)
        assert payload["grants"] == [
            {
                "kind": "GRANT",
                "programme": "basic",
                "meterNumber": "0000010201",
                "amount": {"amount": "5.00"},
                "fee": {"amount": "0.00"},
            }
        ]
        assert [(each["row"], each["field"], each["code"]) for each in payload["refused"]] == [
            (1, "meterNumber", "NOT_OPENED"),
            (2, "amount", "BAD_INPUT"),
        ]
    assert (await finance.data(SALES))["sales"] == {
        "edges": [{"node": {"kind": "GRANT"}}],
        "totals": {"granted": {"amount": "0.00"}, "net": {"amount": "0.00"}},
    }
    for changed, path in (
        (wish(("0000010201", "5.001")), ["input", "rows", "0", "amount"]),
        (wish(("0000010201", "5"), month=None), ["input", "month"]),
        (wish(("0000010201", "5"), programme=""), ["input", "programme"]),
        (wish(), ["input", "rows"]),
    ):
        payload = (await finance.data(GRANT, input=changed))["grantCreate"]
        assert [(each["code"], each["path"]) for each in payload["errors"]] == [("BAD_INPUT", path)]
