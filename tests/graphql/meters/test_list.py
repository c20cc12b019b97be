"""Promises of the list of meters."""

from typing import Any

import pytest

pytestmark = pytest.mark.anyio

NUMBERS = [
    "0000010101", "0000010102", "000001010A", "0000010201",
    "0000010202", "0000010203", "0000020101", "0000020102",
]  # fmt: skip

LIST = """query($filter: MeterFilter, $orderBy: MeterOrder, $first: Int! = 50, $after: String) {
  meters(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    totalCount edges { cursor node { number place } } pageInfo { hasNextPage endCursor }
  }
}"""


def numbers(data: dict[str, Any]) -> list[str]:
    return [edge["node"]["number"] for edge in data["meters"]["edges"]]


async def test_all_meters_of_the_project_by_number(admin: Any) -> None:
    data = await admin.data(LIST)
    assert numbers(data) == NUMBERS
    assert data["meters"]["totalCount"] == 8
    assert data["meters"]["pageInfo"]["hasNextPage"] is False
