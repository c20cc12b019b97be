"""Sales over the API: one for each key, whatever the client repeats, and read back from the meter."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

pytestmark = pytest.mark.anyio

METER, UNOPENED, POSTPAID = "0000010201", "0000010202", "0000010102"
SELL = """mutation($input: SaleCreateInput!) { saleCreate(input: $input) {
  sale { id receiptNumber meterNumber place customerName amount { amount currency } state purchaseCount
         totalBefore { amount } totalAfter { amount } operatorName createdAt appliedAt }
  command { id kind state final sale { receiptNumber } }
  replayed errors { __typename code message path }
} }"""
COMMAND = "query($id: ID!) { command(id: $id) { state final sale { state purchaseCount totalBefore { amount } totalAfter { amount } appliedAt } } }"


async def sell(
    client: Any, amount: object = "50.00", meter: str = METER, key: str | None = None
) -> dict[str, Any]:
    wish = {"idempotencyKey": key or str(uuid4()), "meterNumber": meter, "amount": amount}
    payload: dict[str, Any] = (await client.data(SELL, input=wish))["saleCreate"]
    return payload


async def applied(stack: Any, client: Any, command: str) -> Any:
    async def final() -> Any:
        found = (await client.data(COMMAND, id=command))["command"]
        return found if found["final"] else None

    return await stack.deployment.until(final)


async def test_a_sale_is_delivered_to_the_meter(own_stack: Any) -> None:
    stack = await own_stack()
    admin, meter = await stack.client(), stack.deployment.farm.meter(METER)
    payload = await sell(admin)
    sale = payload["sale"]
    assert (payload["errors"], payload["replayed"]) == ([], False)
    assert (sale["meterNumber"], sale["place"], sale["customerName"]) == (METER, "201 理发店", "钱乙")
    assert sale["amount"] == {"amount": "50.00", "currency": "CNY"}
    assert (sale["operatorName"], sale["receiptNumber"]) == ("administrator-000", "00000000001")
    assert (payload["command"]["kind"], payload["command"]["sale"]) == (
        "SALE", {"receiptNumber": sale["receiptNumber"]},
    )  # fmt: skip
    command = await applied(stack, admin, payload["command"]["id"])
    assert command["state"] == "APPLIED"
    assert command["sale"].pop("appliedAt")
    assert command["sale"] == {
        "state": "APPLIED",
        "purchaseCount": 7,
        "totalBefore": {"amount": "300.00"},
        "totalAfter": {"amount": "350.00"},
    }
    assert (meter.purchase_count, meter.total_purchased_fen) == (7, 35000)
    refetched = await admin.data(
        "query($id: ID!) { node(id: $id) { __typename id ... on Sale { state } } }", id=sale["id"]
    )
    assert refetched["node"] == {"__typename": "Sale", "id": sale["id"], "state": "APPLIED"}


class TestOnce:
    async def test_a_replay_returns_the_first_sale_and_other_content_is_refused(self, own_stack: Any) -> None:
        stack = await own_stack(
            work="api"
        )  # nothing is delivered, so every further sale would be refused anyway
        admin, key = await stack.client(), str(uuid4())
        first = await sell(admin, key=key)
        again = await sell(admin, "50", key=key.upper())
        assert (first["replayed"], again["replayed"], again["errors"]) == (False, True, [])
        assert again["sale"]["id"] == first["sale"]["id"]
        for other in ({"amount": "50.01"}, {"meter": "0000010203"}, {"meter": "9999999999"}):
            payload = await sell(admin, key=key, **other)
            assert payload["sale"] is None
            (error,) = payload["errors"]
            assert (error["code"], error["path"]) == ("IDEMPOTENCY_MISMATCH", ["input", "idempotencyKey"])

    async def test_twenty_concurrent_requests_with_one_key_make_one_sale(self, own_stack: Any) -> None:
        stack = await own_stack()
        admin, key = await stack.client(), str(uuid4())
        meter = stack.deployment.farm.meter(METER)
        payloads = await asyncio.gather(*(sell(admin, key=key) for _ in range(20)))
        assert [payload["errors"] for payload in payloads] == [[]] * 20
        assert len({payload["sale"]["id"] for payload in payloads}) == 1
        assert sorted(payload["replayed"] for payload in payloads) == [False] + [True] * 19
        await applied(stack, admin, payloads[0]["command"]["id"])
        assert (meter.purchase_count, meter.total_purchased_fen) == (7, 35000)

    async def test_the_same_key_of_two_operators_makes_two_orders(self, own_stack: Any) -> None:
        from prewatt_platform.operators.models import Role

        stack = await own_stack()
        admin, cashier, key = await stack.client(), await stack.client(Role.CASHIER), str(uuid4())
        first = await sell(admin, key=key)
        await applied(stack, admin, first["command"]["id"])
        second = await sell(cashier, key=key)
        assert (second["replayed"], second["errors"]) == (False, [])
        assert second["sale"]["id"] != first["sale"]["id"]

    async def test_a_second_sale_is_refused_while_one_is_being_delivered(self, own_stack: Any) -> None:
        stack = await own_stack(work="api")
        admin = await stack.client()
        first = await sell(admin)
        second = await sell(admin)
        assert second["sale"] is None
        assert (second["errors"][0]["code"], second["errors"][0]["path"]) == (
            "ORDER_OPEN",
            ["input", "meterNumber"],
        )
        order = await admin.data(
            "query($n: String!) { meter(number: $n) { openOrder { id state } } }", n=METER
        )
        assert order["meter"]["openOrder"] == {"id": first["sale"]["id"], "state": "RESERVED"}


class TestRefusals:
    @pytest.mark.parametrize(
        "amount",
        ["50.001", "0.001", "0", "0.00", "-50.00", "-0.01", "1000000.00", "9" * 18, "99999999999999999.99"],
    )
    async def test_invalid_amounts_give_payload_errors(self, admin: Any, amount: str) -> None:
        payload = await sell(admin, amount)
        assert (payload["sale"], payload["command"]) == (None, None)
        (error,) = payload["errors"]
        assert (error["__typename"], error["code"], error["path"]) == (
            "Problem",
            "BAD_INPUT",
            ["input", "amount"],
        )

    @pytest.mark.parametrize(
        "amount",
        [
            50,
            50.0,
            0.1,
            "1e3",
            "5E1",
            "NaN",
            "Infinity",
            "-Infinity",
            "",
            " 50",
            "50 ",
            "5,00",
            "9" * 19,
            None,
            True,
            ["50"],
            {},
        ],
    )
    async def test_an_amount_that_is_no_decimal_is_malformed(self, admin: Any, amount: object) -> None:
        wish = {"idempotencyKey": str(uuid4()), "meterNumber": METER, "amount": amount}
        assert await admin.code(SELL, input=wish) == "BAD_INPUT"

    @pytest.mark.parametrize("literal", ["50", "50.0", "1e3", "NaN", "null", "$x"])
    async def test_a_literal_that_is_no_decimal_is_malformed(self, admin: Any, literal: str) -> None:
        wish = f'{{idempotencyKey: "{uuid4()}", meterNumber: "{METER}", amount: {literal}}}'
        answer = await admin.ask(f"mutation {{ saleCreate(input: {wish}) {{ errors {{ code }} }} }}")
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_INPUT"}

    @pytest.mark.parametrize("key", [None, "", "x", 5, "018f4e6e3e1a7b609c1c2f2f5d0f9a11"])
    async def test_invalid_keys(self, admin: Any, key: object) -> None:
        wish = {"idempotencyKey": key, "meterNumber": METER, "amount": "1.00"}
        assert await admin.code(SELL, input=wish) == "BAD_INPUT"

    @pytest.mark.parametrize(
        ("meter", "code"),
        [("9999999999", "NOT_FOUND"), ("", "NOT_FOUND"), (UNOPENED, "NOT_OPENED"), (POSTPAID, "NOT_PREPAID")],
    )
    async def test_meters_that_cannot_be_sold_to(self, admin: Any, meter: str, code: str) -> None:
        payload = await sell(admin, meter=meter)
        assert payload["sale"] is None
        assert (payload["errors"][0]["code"], payload["errors"][0]["path"]) == (
            code,
            ["input", "meterNumber"],
        )

    async def test_a_refused_sale_changes_nothing(self, admin: Any, stack: Any) -> None:
        """After all the refusals above: no receipt, no order, nothing on the meter."""
        from prewatt_platform.ledger.repository import LedgerRepository

        async with stack.deployment.database.project(stack.deployment.scope) as work:
            kept = await LedgerRepository(work).kept_fen()
        assert {account.kind.value for account in kept} <= {"adopted", "delivered"}
        assert stack.deployment.farm.meter(METER).purchase_count == 6
