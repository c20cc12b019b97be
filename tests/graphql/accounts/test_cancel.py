"""Cancelling over the API, by receipt number."""

from typing import Any
from uuid import uuid4

import pytest

pytestmark = pytest.mark.anyio

METER = "0000010201"
SELL = "mutation($input: SaleCreateInput!) { saleCreate(input: $input) { sale { receiptNumber } errors { code } } }"
CANCEL = """mutation($input: SaleCancelInput!) { saleCancel(input: $input) {
  sale { state kind receiptNumber } command { state final detail } replayed errors { code path message } } }"""


async def test_an_order_of_which_nothing_was_sent_is_voided(own_stack: Any) -> None:
    stack = await own_stack(work="api")
    admin = await stack.client()
    sale = {"idempotencyKey": str(uuid4()), "meterNumber": METER, "amount": "50.00"}
    receipt = (await admin.data(SELL, input=sale))["saleCreate"]["sale"]["receiptNumber"]
    wish = {"idempotencyKey": str(uuid4()), "receiptNumber": receipt, "reason": "keyed in twice"}
    payload = (await admin.data(CANCEL, input=wish))["saleCancel"]
    assert (payload["errors"], payload["replayed"]) == ([], False)
    assert payload["sale"] == {"state": "VOIDED", "kind": "SALE", "receiptNumber": receipt}
    assert payload["command"]["final"] is True
    assert (await admin.data(CANCEL, input=wish))["saleCancel"]["replayed"] is True

    again = {**wish, "idempotencyKey": str(uuid4())}
    (error,) = (await admin.data(CANCEL, input=again))["saleCancel"]["errors"]
    assert (error["code"], error["path"]) == ("NOT_CANCELLABLE", ["input", "receiptNumber"])
    (error,) = (await admin.data(CANCEL, input={**again, "receiptNumber": "x"}))["saleCancel"]["errors"]
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "receiptNumber"])
