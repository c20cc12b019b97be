"""The number of statements does not grow with the rows of a list."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

pytestmark = pytest.mark.anyio

PAGE = """query($first: Int!) { meters(first: $first) { totalCount pageInfo { endCursor } edges { node {
  number gateway { name } account { customer { name } } balance { amount } controlModeObserved openOrder { id state }
  reading { energyTotal power remaining { amount } }
} } } }"""

STATEMENTS_MAX = 13
"""Credential (3); page, count, gateways, readings and orders, each after its `SET LOCAL`: none of them grows."""


@contextmanager
def statements(stack: Any) -> Iterator[list[str]]:
    """The statements that the platform sends meanwhile."""
    seen: list[str] = []
    engine = stack.deployment.database.engine.sync_engine

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
async def quiet_stack(own_stack: Any) -> Any:
    """A stack whose meters were read, with collector and dispatcher stopped: only requests send statements."""
    stack = await own_stack()
    await stack.deployment.read()
    worker = stack.deployment.platform._worker
    worker.cancel()
    return stack


async def test_a_page_of_meters(quiet_stack: Any) -> None:
    admin = await quiet_stack.client()
    counts = []
    for first in (1, 3, 8):
        with statements(quiet_stack) as seen:
            data = await admin.data(PAGE, first=first)
        assert len(data["meters"]["edges"]) == first
        assert data["meters"]["edges"][-1]["node"]["reading"] is not None
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2] <= STATEMENTS_MAX, counts


async def test_fields_that_are_not_selected_cost_no_query(quiet_stack: Any) -> None:
    admin = await quiet_stack.client()
    with statements(quiet_stack) as seen:
        await admin.data("{ meters { edges { node { number standing account { state } } } } }")
    assert not [statement for statement in seen if "FROM readings" in statement or "count(" in statement]


async def test_sales_of_many_meters_take_one_statement(own_stack: Any) -> None:
    from uuid import uuid4

    stack = await own_stack(work="api")  # nothing is delivered: the orders stay open
    admin = await stack.client()
    for number in ("000001010A", "0000010201", "0000020101"):
        wish = {"idempotencyKey": str(uuid4()), "meterNumber": number, "amount": "1.00"}
        query = "mutation($input: SaleCreateInput!) { saleCreate(input: $input) { errors { code } } }"
        assert (await admin.data(query, input=wish))["saleCreate"]["errors"] == []
    with statements(stack) as seen:
        data = await admin.data("{ meters { edges { node { openOrder { receiptNumber state } } } } }")
    orders = [edge["node"]["openOrder"] for edge in data["meters"]["edges"] if edge["node"]["openOrder"]]
    assert len(orders) == 3
    assert len([statement for statement in seen if "FROM orders" in statement]) == 1
    assert len(seen) <= STATEMENTS_MAX
