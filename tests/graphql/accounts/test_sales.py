"""Sales records: every filter, pages without gap or repeat, and figures that tie out."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from prewatt_platform.operators.models import Role

pytestmark = pytest.mark.anyio

METER, OTHER = "0000010201", "0000010203"
SELL = "mutation($input: SaleCreateInput!) { saleCreate(input: $input) { sale { receiptNumber createdAt } command { id } errors { code message } } }"
REFUND = "mutation($input: RefundCreateInput!) { refundCreate(input: $input) { refund { receiptNumber } command { id } errors { code message } } }"
REVERSE = "mutation($input: SaleReverseInput!) { saleReverse(input: $input) { reversal { receiptNumber } command { id } errors { code message } } }"
SALES = """query($filter: SaleFilter, $first: Int! = 50, $after: String, $direction: Direction! = ASC) {
  sales(filter: $filter, first: $first, after: $after, direction: $direction) {
    edges { node { receiptNumber kind state } } pageInfo { hasNextPage endCursor } totalCount
    totals { count sold { amount } reversed { amount } refunded { amount } net { amount } fees { amount } }
    byOperator { operatorName count net { amount } } } }"""


@pytest.fixture(scope="module")
async def desk(open_shared_deployment: Any, open_shared_api: Any, client_of: Any) -> Any:
    """Five orders by two operators: 50.00 and 20.00 and 10.00 sold, 20.00 reversed, 5.00 refunded."""
    deployment = await open_shared_deployment("tiny", work="all")
    await deployment.read()
    live = await open_shared_api(deployment)
    cashier = client_of(live, await deployment.operator("cashier-a", Role.CASHIER), "000")
    admin = client_of(live, await deployment.operator("admin-b", Role.ADMINISTRATOR), "000")

    async def done(client: Any, query: str, wish: dict[str, Any]) -> Any:
        (payload,) = (await client.data(query, input={"idempotencyKey": str(uuid4()), **wish})).values()
        assert payload["errors"] == []

        async def final() -> Any:
            asked = "query($id: ID!) { command(id: $id) { state final } }"
            found = (await client.data(asked, id=payload["command"]["id"]))["command"]
            return found if found["final"] else None

        assert (await deployment.until(final))["state"] == "APPLIED"
        return payload

    await done(cashier, SELL, {"meterNumber": METER, "amount": "50.00"})
    sold = await done(cashier, SELL, {"meterNumber": OTHER, "amount": "20.00"})
    receipt = sold["sale"]["receiptNumber"]
    await done(admin, REVERSE, {"receiptNumber": receipt, "reason": "mistyped"})
    await done(admin, SELL, {"meterNumber": OTHER, "amount": "10.00"})
    await done(admin, REFUND, {"meterNumber": METER, "amount": "5.00", "reason": "moves out"})
    return admin, sold["sale"]["createdAt"]


async def sales(client: Any, **wanted: Any) -> Any:
    return (await client.data(SALES, **wanted))["sales"]


def numbers(page: Any) -> list[int]:
    return [int(edge["node"]["receiptNumber"][3:]) for edge in page["edges"]]


async def test_all_with_figures(desk: Any) -> None:
    page = await sales(desk[0])
    assert numbers(page) == [1, 2, 3, 4, 5]
    assert [edge["node"]["kind"] for edge in page["edges"]] == ["SALE", "SALE", "REVERSAL", "SALE", "REFUND"]
    assert page["totalCount"] == 5
    totals = page["totals"]
    assert {name: totals[name]["amount"] for name in ("sold", "reversed", "refunded", "net", "fees")} == {
        "sold": "80.00", "reversed": "20.00", "refunded": "5.00", "net": "55.00", "fees": "0.00",
    }  # fmt: skip
    assert page["byOperator"] == [
        {"operatorName": "admin-b", "count": 3, "net": {"amount": "-15.00"}},
        {"operatorName": "cashier-a", "count": 2, "net": {"amount": "70.00"}},
    ]
    assert sum(Decimal(each["net"]["amount"]) for each in page["byOperator"]) == Decimal("55.00")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"kinds": ["SALE"]}, [1, 2, 4]),
        ({"kinds": ["REFUND", "REVERSAL"]}, [3, 5]),
        ({"states": ["APPLIED"]}, [1, 2, 3, 4, 5]),
        ({"states": ["VOIDED", "DISPUTED"]}, []),
        ({"receiptNumber": "00004"}, [4]),
        ({"meterNumber": "0201"}, [1, 5]),
        ({"place": "理发"}, [1, 5]),
        ({"customerName": "钱"}, [1, 5]),
        ({"operatorName": "cashier"}, [1, 2]),
        ({"amountMin": "10.00", "amountMax": "20.00"}, [2, 3, 4]),
        ({"area": ["1号楼"]}, [1, 2, 3, 4, 5]),
        ({"area": ["9号楼"]}, []),
        ({"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}, []),
        ({"account": "nonsense"}, []),
        ({"place": "%"}, []),
    ],
)
async def test_filters(desk: Any, wanted: dict[str, Any], expected: list[int]) -> None:
    page = await sales(desk[0], filter=wanted)
    assert numbers(page) == expected
    assert page["totalCount"] == page["totals"]["count"] == len(expected)


async def test_times(desk: Any) -> None:
    admin, second_at = desk
    assert numbers(await sales(admin, filter={"from": second_at})) == [2, 3, 4, 5]
    assert numbers(await sales(admin, filter={"to": second_at})) == [1]


async def test_account(desk: Any) -> None:
    found = await desk[0].data('{ meter(number: "0000010201") { account { id } } }')
    page = await sales(desk[0], filter={"account": found["meter"]["account"]["id"]})
    assert numbers(page) == [1, 5]


@pytest.mark.parametrize(("direction", "expected"), [("ASC", [1, 2, 3, 4, 5]), ("DESC", [5, 4, 3, 2, 1])])
async def test_pages(desk: Any, direction: str, expected: list[int]) -> None:
    seen, after = [], None
    while True:
        page = await sales(desk[0], first=2, after=after, direction=direction)
        seen += numbers(page)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == expected
    other = "ASC" if direction == "DESC" else "DESC"
    assert await desk[0].code(SALES, after=after, direction=other) == "BAD_INPUT"


@pytest.mark.parametrize("wrong", [{"amountMin": "0.001"}, {"from": "2020-01-01T00:00:00"}])
async def test_malformed(desk: Any, wrong: dict[str, Any]) -> None:
    assert await desk[0].code(SALES, filter=wrong) == "BAD_INPUT"
