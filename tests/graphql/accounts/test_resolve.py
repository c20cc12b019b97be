"""A disputed order from the sale to the meter that can be sold to again, through the API alone."""

from typing import Any
from uuid import uuid4

import pytest

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.wire.pdu import write_multiple
from prewatt_platform.operators.models import Role

pytestmark = pytest.mark.anyio

METER = "0000010201"
SELL = "mutation($input: SaleCreateInput!) { saleCreate(input: $input) { command { id } errors { code } } }"
COMMAND = "query($id: ID!) { command(id: $id) { kind state final detail } }"
REFRESH = (
    "mutation($n: String!) { meterRefresh(input: {meterNumber: $n}) { command { id } errors { code } } }"
)
RESOLVE = """mutation($input: OrderResolveInput!) { orderResolve(input: $input) {
  sale { state receiptNumber } command { state final detail } replayed errors { code message path } } }"""
CONFIRM = """mutation($input: MeterEpochConfirmInput!) { meterEpochConfirm(input: $input) {
  meter { number holdReason } command { kind state final } replayed errors { code message path } } }"""


async def _ended(stack: Any, client: Any, command: str) -> str:
    async def final() -> str | None:
        found = (await client.data(COMMAND, id=command))["command"]
        return str(found["state"]) if found["final"] else None

    state: str = await stack.deployment.until(final)
    return state


async def _sell(stack: Any, client: Any, amount: str) -> tuple[str, str]:
    sale = {"idempotencyKey": str(uuid4()), "meterNumber": METER, "amount": amount}
    command = (await client.data(SELL, input=sale))["saleCreate"]["command"]["id"]
    return command, await _ended(stack, client, command)


async def test_a_disputed_order_is_resolved_and_its_meter_freed(own_stack: Any) -> None:
    stack = await own_stack()
    await stack.deployment.read()
    cashier, finance = await stack.client(Role.CASHIER), await stack.client(Role.FINANCE)
    await _sell(stack, cashier, "1.00")
    farm = stack.deployment.farm
    limit = farm.meter(METER).profile.register(Measurement.HOARDING_LIMIT)
    farm.ask(METER, write_multiple(limit.address, (40_000).to_bytes(4, "big")))
    order, state = await _sell(stack, cashier, "5000.00")
    assert state == "DISPUTED"
    decision = {
        "idempotencyKey": str(uuid4()),
        "order": order,
        "delivered": False,
        "reason": "the meter refused it",
    }

    async def resolved(client: Any, **changed: Any) -> Any:
        return (await client.data(RESOLVE, input=decision | changed))["orderResolve"]

    assert await cashier.code(RESOLVE, input=decision) == "FORBIDDEN"
    assert [each["code"] for each in (await resolved(finance))["errors"]] == ["READING_NEEDED"]
    read = (await finance.data(REFRESH, n=METER))["meterRefresh"]["command"]["id"]
    assert await _ended(stack, finance, read) == "SUCCEEDED"
    (wrong,) = (await resolved(finance, reason=" "))["errors"]
    assert (wrong["code"], wrong["path"]) == ("BAD_INPUT", ["input", "reason"])
    (wrong,) = (await resolved(finance, order="nonsense"))["errors"]
    assert (wrong["code"], wrong["path"]) == ("NOT_FOUND", ["input", "order"])
    confirm = {"idempotencyKey": str(uuid4()), "meterNumber": METER, "reason": "the meter refused it"}
    early = (await finance.data(CONFIRM, input=confirm))["meterEpochConfirm"]
    assert [each["code"] for each in early["errors"]] == ["ORDER_DISPUTED"]

    done = await resolved(finance)
    assert done["errors"] == []
    assert done["sale"]["state"] == done["command"]["state"] == "VOIDED"
    assert done["command"]["detail"] == "decided by a person: the meter refused it"
    assert (await resolved(finance))["replayed"] is True
    freed = (await finance.data(CONFIRM, input=confirm))["meterEpochConfirm"]
    assert freed["errors"] == []
    assert freed["meter"] == {"number": METER, "holdReason": None}
    assert freed["command"] == {"kind": "METER_EPOCH", "state": "SUCCEEDED", "final": True}
    assert (await _sell(stack, cashier, "1.00"))[1] == "APPLIED"
