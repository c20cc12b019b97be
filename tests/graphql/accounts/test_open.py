"""Opening an account over the API: OPENING until the meter was read back."""

from typing import Any
from uuid import uuid4

import pytest

pytestmark = pytest.mark.anyio

UNOPENED, OPENED, POSTPAID = "0000010202", "0000010201", "0000010102"
OPEN = """mutation($input: AccountOpenInput!) { accountOpen(input: $input) {
  account { id state customer { name phone } openedAt } command { id kind state } replayed errors { code path }
} }"""
ACCOUNT = """query($number: String!) { meter(number: $number) {
  accountState standing account { id state openedAt customer { name phone } }
} }"""
TERMS = {
    "customerName": "周戊", "customerPhone": "19900000009",
    "priceSharp": "1.2", "pricePeak": "1.0000", "priceFlat": "0.7500", "priceValley": "0.3512",
    "alarmAmount1": "20.00", "alarmAmount2": "5", "overdraft": "0",
}  # fmt: skip


async def open_it(client: Any, meter: str = UNOPENED, key: str | None = None, **terms: Any) -> dict[str, Any]:
    wish = {"idempotencyKey": key or str(uuid4()), "meterNumber": meter, "customerName": "周戊", **terms}
    payload: dict[str, Any] = (await client.data(OPEN, input=wish))["accountOpen"]
    return payload


async def test_an_account_is_opened_in_the_meter(own_stack: Any) -> None:
    stack = await own_stack()
    admin, meter, key = await stack.client(), stack.deployment.farm.meter(UNOPENED), str(uuid4())
    await stack.deployment.read()
    payload = await open_it(admin, key=key, **TERMS)
    assert (payload["errors"], payload["replayed"], payload["command"]["kind"]) == ([], False, "ACCOUNT_OPEN")
    assert payload["account"]["customer"] == {"name": "周戊", "phone": "19900000009"}

    async def opened() -> Any:
        found = (await admin.data(ACCOUNT, number=UNOPENED))["meter"]
        return found if found["accountState"] == "OPEN" else None

    found = await stack.deployment.until(opened)
    assert found["account"]["openedAt"] is not None
    assert (meter.money_on, meter.purchase_count, meter.total_purchased_fen) == (True, 0, 0)
    assert meter.prices_e4 == (12000, 10000, 7500, 3512)
    assert meter.alarms_fen == (2000, 500)
    again = await open_it(admin, key=key, **TERMS)
    assert (again["replayed"], again["account"]["id"]) == (True, payload["account"]["id"])
    refetched = await admin.data(
        "query($id: ID!) { node(id: $id) { ... on Account { state customer { name } } } }",
        id=found["account"]["id"],
    )
    assert refetched["node"] == {"state": "OPEN", "customer": {"name": "周戊"}}
    other = await open_it(admin)
    assert other["errors"] == [{"code": "ALREADY_OPENED", "path": ["input", "meterNumber"]}]


@pytest.mark.parametrize(
    ("meter", "code"), [("9999999999", "NOT_FOUND"), (OPENED, "ALREADY_OPENED"), (POSTPAID, "NOT_PREPAID")]
)
async def test_meters_that_cannot_be_opened(admin: Any, meter: str, code: str) -> None:
    payload = await open_it(admin, meter)
    assert (payload["account"], payload["command"]) == (None, None)
    assert payload["errors"] == [{"code": code, "path": ["input", "meterNumber"]}]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customerName", ""), ("customerName", "  "), ("priceFlat", "0.12345"), ("priceFlat", "-0.1"),
        ("priceFlat", "999999999"), ("alarmAmount1", "1.001"), ("alarmAmount1", "-1"), ("overdraft", "-0.01"),
        ("overdraft", "0.001"), ("overdraft", "99999999999"), ("alarmAmount1", "99999999999"),
    ],
)  # fmt: skip
async def test_invalid_terms(admin: Any, field: str, value: str) -> None:
    payload = await open_it(admin, **{field: value})
    assert payload["account"] is None
    assert payload["errors"] == [{"code": "BAD_INPUT", "path": ["input", field]}]
    assert (await admin.data(ACCOUNT, number=UNOPENED))["meter"]["accountState"] == "UNOPENED", (
        "nothing is half done"
    )


async def test_alarm_2_above_alarm_1(admin: Any) -> None:
    payload = await open_it(admin, alarmAmount1="5.00", alarmAmount2="20.00")
    assert payload["errors"] == [{"code": "BAD_INPUT", "path": ["input", "alarmAmount1"]}]


async def test_a_name_that_is_too_long_for_a_receipt(admin: Any) -> None:
    payload = await open_it(admin, customerName="x" * 100_000)
    assert payload["errors"] == [{"code": "BAD_INPUT", "path": ["input", "customerName"]}]
