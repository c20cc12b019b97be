"""A shift and a day over the API."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import select

from prewatt_platform.kernel.audit import AuditEvent, AuditRepository
from prewatt_platform.operators.models import Role

pytestmark = pytest.mark.anyio

SELL = "mutation($input: SaleCreateInput!) { saleCreate(input: $input) { errors { code } } }"
TILL = "{ till { operatorName since taken { amount } expected { amount } } }"
CLOSE = """mutation($input: TillCloseInput!) { tillClose(input: $input) {
  tillClosing { number operatorName expected { amount } counted { amount } difference { amount } reason }
  replayed errors { code path } } }"""
CLOSE_DAY = """mutation($input: DayCloseInput!) { dayClose(input: $input) {
  dayClosing { day closedBy auditSequence auditHash tills { number } counted { amount } difference { amount } } replayed errors { code path } } }"""
DAY = "query($day: Date!) { dayClosing(day: $day) { day expected { amount } tills { operatorName } } tillClosings { number } }"


async def test_a_shift_and_a_day(own_stack: Any) -> None:
    stack = await own_stack(work="api")
    cashier, finance = await stack.client(Role.CASHIER), await stack.client(Role.FINANCE)
    sale = {"idempotencyKey": str(uuid4()), "meterNumber": "0000010201", "amount": "50.00"}
    assert (await cashier.data(SELL, input=sale))["saleCreate"]["errors"] == []
    assert (await cashier.data(TILL))["till"] == {
        "operatorName": "cashier-000",
        "since": None,
        "taken": {"amount": "50.00"},
        "expected": {"amount": "50.00"},
    }
    wish = {"idempotencyKey": str(uuid4()), "counted": "49.50"}
    (error,) = (await cashier.data(CLOSE, input=wish))["tillClose"]["errors"]
    assert (error["code"], error["path"]) == ("BAD_INPUT", ["input", "reason"])
    day = (datetime.now(UTC) + timedelta(hours=8)).date().isoformat()
    end = {"idempotencyKey": str(uuid4()), "day": day}
    assert await cashier.code(CLOSE_DAY, input=end) == "FORBIDDEN"
    (error,) = (await finance.data(CLOSE_DAY, input=end))["dayClose"]["errors"]
    assert error["code"] == "TILLS_OPEN"

    wish["reason"] = "wrong change"
    closed = (await cashier.data(CLOSE, input=wish))["tillClose"]
    assert closed["errors"] == []
    assert closed["tillClosing"] == {
        "number": 1,
        "operatorName": "cashier-000",
        "expected": {"amount": "50.00"},
        "counted": {"amount": "49.50"},
        "difference": {"amount": "-0.50"},
        "reason": "wrong change",
    }
    assert (await cashier.data(CLOSE, input=wish))["tillClose"]["replayed"] is True
    (error,) = (await cashier.data(CLOSE, input={**wish, "idempotencyKey": str(uuid4())}))["tillClose"][
        "errors"
    ]
    assert error["code"] == "NOTHING_TO_CLOSE"

    assert (await finance.data(DAY, day=day)) == {"dayClosing": None, "tillClosings": [{"number": 1}]}
    (error,) = (await finance.data(CLOSE_DAY, input={**end, "day": "2999-01-01"}))["dayClose"]["errors"]
    assert (error["code"], error["path"]) == ("BAD_INPUT", ["input", "day"])
    ended = (await finance.data(CLOSE_DAY, input=end))["dayClose"]
    assert ended["errors"] == []
    async with stack.deployment.database.project(stack.deployment.scope) as work:
        statement = select(AuditEvent).where(AuditEvent.sequence == ended["dayClosing"].pop("auditSequence"))
        printed = (await work.session.execute(statement)).scalar_one()
        newest = (await AuditRepository(work).head()).sequence
    assert printed.hash.hex() == ended["dayClosing"].pop("auditHash")
    # the closing is the event behind it
    assert (printed.action, newest) == ("refused", printed.sequence + 1)
    assert ended["dayClosing"] == {
        "day": day,
        "closedBy": "finance-000",
        "tills": [{"number": 1}],
        "counted": {"amount": "49.50"},
        "difference": {"amount": "-0.50"},
    }
    assert await finance.data(DAY, day=day) == {
        "dayClosing": {
            "day": day,
            "expected": {"amount": "50.00"},
            "tills": [{"operatorName": "cashier-000"}],
        },
        "tillClosings": [],
    }
