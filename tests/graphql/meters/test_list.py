"""The meter list: pages, order, filters."""

from typing import Any

import pytest

pytestmark = pytest.mark.anyio

NUMBERS = [
    "0000010101", "0000010102", "000001010A", "0000010201",
    "0000010202", "0000010203", "0000020101", "0000020102",
]  # fmt: skip
PREPAID = NUMBERS[2:]
OPENED = ["000001010A", "0000010201", "0000010203", "0000020101"]

LIST = """query($filter: MeterFilter, $orderBy: MeterOrder, $first: Int! = 50, $after: String) {
  meters(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    totalCount edges { cursor node { number place } } pageInfo { hasNextPage endCursor }
  }
}"""


def numbers(data: dict[str, Any]) -> list[str]:
    return [edge["node"]["number"] for edge in data["meters"]["edges"]]


class TestAll:
    async def test_all_meters_of_the_project_by_number(self, admin: Any) -> None:
        data = await admin.data(LIST)
        assert numbers(data) == NUMBERS
        assert data["meters"]["totalCount"] == 8
        assert data["meters"]["pageInfo"]["hasNextPage"] is False

    async def test_an_empty_page(self, admin: Any) -> None:
        data = await admin.data(LIST, filter={"number": "nothing"})
        assert data["meters"] == {
            "totalCount": 0, "edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None},
        }  # fmt: skip


class TestPages:
    @pytest.mark.parametrize("field", ["NUMBER", "PLACE"])
    @pytest.mark.parametrize("direction", ["ASC", "DESC"])
    @pytest.mark.parametrize("first", [1, 3, 8, 100])
    async def test_concatenated_pages_are_the_whole_list(
        self, admin: Any, field: str, direction: str, first: int
    ) -> None:
        order = {"field": field, "direction": direction}
        whole = await admin.data(LIST, orderBy=order)
        assert sorted(numbers(whole)) == NUMBERS
        found: list[str] = []
        after = None
        while True:
            page = await admin.data(LIST, orderBy=order, first=first, after=after)
            found += numbers(page)
            after = page["meters"]["pageInfo"]["endCursor"]
            if not page["meters"]["pageInfo"]["hasNextPage"]:
                break
        assert found == numbers(whole)

    async def test_descending_is_the_reverse_of_ascending(self, admin: Any) -> None:
        up = await admin.data(LIST, orderBy={"field": "PLACE"})
        down = await admin.data(LIST, orderBy={"field": "PLACE", "direction": "DESC"})
        assert numbers(down) == numbers(up)[::-1]
        places = [edge["node"]["place"] for edge in up["meters"]["edges"]]
        assert len(set(places)) == 8

    @pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1])
    async def test_a_page_has_1_to_100(self, admin: Any, first: int) -> None:
        answer = await admin.ask(LIST, first=first)
        assert answer["data"] == {"meters": None}
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "BAD_INPUT"
        assert "between 1 and 100" in error["message"]

    async def test_a_cursor_belongs_to_its_order(self, admin: Any) -> None:
        cursor = (await admin.data(LIST, first=1))["meters"]["pageInfo"]["endCursor"]
        assert await admin.code(LIST, first=1, after=cursor, orderBy={"field": "PLACE"}) == "BAD_INPUT"

    @pytest.mark.parametrize("after", ["", "x", "WyJOVU1CRVIgQVNDIiwiYSIsImIiXQ", "\x00", "é"])
    async def test_a_forged_cursor_is_refused(self, admin: Any, after: str) -> None:
        assert await admin.code(LIST, first=1, after=after) == "BAD_INPUT"


class TestFilter:
    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({}, NUMBERS),
            ({"area": ["1号楼"]}, NUMBERS[:6]),
            ({"area": ["1号楼", "2层"]}, NUMBERS[3:6]),
            ({"area": ["2层"]}, []),
            ({"area": []}, NUMBERS),
            ({"number": "0102"}, [number for number in NUMBERS if "0102" in number]),
            ({"number": "%"}, []),
            ({"number": "_"}, []),
            ({"place": "楼"}, ["0000010101", "0000010102", "0000020101", "0000020102"]),
            ({"accountState": "OPEN"}, OPENED),
            ({"accountState": "UNOPENED"}, [number for number in NUMBERS if number not in OPENED]),
            ({"accountState": "CLOSED"}, []),
            ({"relay": "CLOSED"}, PREPAID),
            ({"relay": "UNKNOWN"}, NUMBERS[:2]),
            ({"relay": "OPEN"}, []),
            ({"standing": "ALARM_1"}, ["0000010203"]),
            ({"standing": "OPENED"}, ["000001010A", "0000010201", "0000020101"]),
            ({"standing": "UNOPENED"}, [number for number in NUMBERS if number not in OPENED]),
            ({"lost": True}, []),
            ({"lost": False, "accountState": "OPEN", "area": ["2号楼"], "number": "01"}, ["0000020101"]),
        ],
    )
    async def test_each_condition_alone_and_all_together(
        self, admin: Any, wanted: dict[str, Any], found: list[str]
    ) -> None:
        data = await admin.data(LIST, filter=wanted)
        assert numbers(data) == found
        assert data["meters"]["totalCount"] == len(found)

    async def test_pages_keep_the_filter(self, admin: Any) -> None:
        wanted = {"accountState": "OPEN"}
        first = await admin.data(LIST, filter=wanted, first=2)
        rest = await admin.data(
            LIST, filter=wanted, first=100, after=first["meters"]["pageInfo"]["endCursor"]
        )
        assert numbers(first) + numbers(rest) == OPENED
