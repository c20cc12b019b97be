"""Accounts through the API: a list with filters and pages, one account with its points."""

from typing import Any
from uuid import uuid4

import pytest

from prewatt_platform.operators.models import Role

pytestmark = pytest.mark.anyio

ASK = """query($filter: AccountFilter, $first: Int = 50, $after: String) { accounts(filter: $filter, first: $first, after: $after) {
  totalCount edges { node { id state createdAt openedAt customer { name phone } points { place meterNumber since until } } }
  pageInfo { hasNextPage endCursor } } }"""
OPEN = "mutation($input: AccountOpenInput!) { accountOpen(input: $input) { account { id } command { id } errors { code } } }"
ONE = "query($id: ID!) { account(id: $id) { id state customer { name } points { meterNumber until } } }"
VACANT = "0000010202"


@pytest.fixture
async def stack(own_stack: Any) -> Any:
    stack = await own_stack()
    await stack.deployment.read()
    return stack


def names(answer: dict[str, Any]) -> list[str]:
    return [edge["node"]["customer"]["name"] for edge in answer["accounts"]["edges"]]


async def test_found_by_each_filter_and_page_by_page(stack: Any) -> None:
    admin = await stack.client()
    whole = await admin.data(ASK)
    before = whole["accounts"]["totalCount"]
    given = {
        "idempotencyKey": str(uuid4()),
        "meterNumber": VACANT,
        "customerName": "李四",
        "customerPhone": "13800001111",
    }
    opening = (await admin.data(OPEN, input=given))["accountOpen"]
    assert opening["errors"] == []
    viewer = await stack.client(Role.VIEWER)
    fits: list[dict[str, Any]] = [
        {"customerName": "李四"},
        {"customerPhone": "0000111"},
        {"meterNumber": VACANT},
        {"states": ["OPEN", "OPENING"], "customerName": "四", "place": "", "meterNumber": "010202"},
    ]
    for wanted in fits:
        assert names(await viewer.data(ASK, filter=wanted)) == ["李四"], wanted
    none: list[dict[str, Any]] = [
        {"customerName": "nobody"},
        {"states": ["UNOPENED"]},
        {"states": []},
        {"states": ["CLOSED"], "customerName": "李四"},
        {"meterNumber": "%"},
        {"place": "_"},
    ]
    for wanted in none:
        assert names(await viewer.data(ASK, filter=wanted)) == [], wanted
    pages, after = [], None
    while True:
        page = await viewer.data(ASK, first=1, after=after)
        assert page["accounts"]["totalCount"] == before + 1
        pages += names(page)
        after = page["accounts"]["pageInfo"]["endCursor"]
        if not page["accounts"]["pageInfo"]["hasNextPage"]:
            break
    assert pages == names(await viewer.data(ASK))
    assert pages[0] == "李四", "newest first"
    assert await viewer.code(ASK, after="nonsense") == "BAD_INPUT"
    assert await viewer.code(ASK, first=0) == "BAD_INPUT"


async def test_one_account_with_its_points(stack: Any) -> None:
    admin = await stack.client()
    (shop,) = (await admin.data(ASK, filter={"meterNumber": "0000010201"}))["accounts"]["edges"]
    node = shop["node"]
    assert node["state"] == "OPEN"
    assert [(each["meterNumber"], each["until"]) for each in node["points"]] == [("0000010201", None)]
    assert (await admin.data(ONE, id=node["id"]))["account"] == {
        "id": node["id"],
        "state": "OPEN",
        "customer": {"name": node["customer"]["name"]},
        "points": [{"meterNumber": "0000010201", "until": None}],
    }
    for nobody in ("nonsense", node["id"][:-2] + "AA"):
        assert (await admin.data(ONE, id=nobody))["account"] is None
