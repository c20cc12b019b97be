"""Readings as columns."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prewatt_graphql.limit_values import POINTS_MAX
from prewatt_graphql.scalars import parse_date_time

pytestmark = pytest.mark.anyio

COLUMNS = """query($number: String!, $from: DateTime!, $to: DateTime!, $points: Int! = 1000) {
  meter(number: $number) { readings(from: $from, to: $to, maxPoints: $points) {
    times energyTotal energySharp energyPeak energyFlat energyValley power remaining purchaseCount relay truncated
  } reading { at energyTotal } }
}"""
REFRESH = 'mutation { meterRefresh(input: {meterNumber: "0000010201"}) { command { id } errors { code } } }'
PREPAID, POSTPAID = "0000010201", "0000010102"
SPAN = {"from": "2020-01-01T00:00:00+08:00", "to": "2120-01-01T00:00:00+08:00"}


@pytest.fixture(scope="module")
async def read_thrice(stack: Any, admin: Any) -> Any:
    """Meter 0000010201 has three readings."""
    for _ in range(2):
        payload = (await admin.data(REFRESH))["meterRefresh"]
        assert payload["errors"] == []
        await ended(admin, payload["command"]["id"], stack)
    return admin


async def ended(client: Any, command: str, stack: Any) -> None:
    async def final() -> bool:
        data = await client.data("query($id: ID!) { command(id: $id) { final } }", id=command)
        return bool(data["command"]["final"])

    await stack.deployment.until(final)


async def test_columns_are_parallel_and_in_order(read_thrice: Any) -> None:
    meter = (await read_thrice.data(COLUMNS, number=PREPAID, **SPAN))["meter"]
    columns = meter["readings"]
    assert columns.pop("truncated") is False
    assert {len(column) for column in columns.values()} == {3}
    assert columns["times"] == sorted(columns["times"])
    assert columns["times"][-1] == meter["reading"]["at"]
    assert columns["energyTotal"][-1] == meter["reading"]["energyTotal"]
    assert columns["purchaseCount"] == [6, 6, 6]
    assert columns["relay"] == ["CLOSED"] * 3
    assert None not in columns["remaining"]


async def test_the_range_includes_its_start_and_excludes_its_end(read_thrice: Any) -> None:
    times = (await read_thrice.data(COLUMNS, number=PREPAID, **SPAN))["meter"]["readings"]["times"]
    middle = {"from": times[1], "to": times[2]}
    columns = (await read_thrice.data(COLUMNS, number=PREPAID, **middle))["meter"]["readings"]
    assert columns["times"] == [times[1]]


async def test_a_truncated_range_can_be_continued(read_thrice: Any) -> None:
    whole = (await read_thrice.data(COLUMNS, number=PREPAID, **SPAN))["meter"]["readings"]["times"]
    first = (await read_thrice.data(COLUMNS, number=PREPAID, points=2, **SPAN))["meter"]["readings"]
    assert (first["truncated"], first["times"]) == (True, whole[:2])
    after = parse_date_time(first["times"][-1]) + timedelta(microseconds=1)
    rest = (await read_thrice.data(COLUMNS, number=PREPAID, **{**SPAN, "from": after.isoformat()}))["meter"][
        "readings"
    ]
    assert (rest["truncated"], rest["times"]) == (False, whole[2:])


async def test_missing_registers_are_null(admin: Any) -> None:
    columns = (await admin.data(COLUMNS, number=POSTPAID, **SPAN))["meter"]["readings"]
    assert columns["remaining"] == columns["purchaseCount"] == [None]
    assert columns["relay"] == ["UNKNOWN"]


async def test_an_empty_or_reversed_range_is_empty(admin: Any) -> None:
    for span in ({"from": SPAN["to"], "to": SPAN["from"]}, {"from": SPAN["from"], "to": SPAN["from"]}):
        columns = (await admin.data(COLUMNS, number=PREPAID, **span))["meter"]["readings"]
        assert columns["times"] == []
        assert columns["truncated"] is False


@pytest.mark.parametrize("points", [0, -1, POINTS_MAX + 1])
async def test_points_out_of_range(admin: Any, points: int) -> None:
    assert await admin.code(COLUMNS, number=PREPAID, points=points, **SPAN) == "BAD_INPUT"


async def test_points_at_the_limit(admin: Any) -> None:
    assert (await admin.data(COLUMNS, number=PREPAID, points=POINTS_MAX, **SPAN))["meter"]["readings"][
        "times"
    ]


@pytest.mark.parametrize(
    "moment", ["2026-01-31T08:00:00", "yesterday", 1769846400, datetime.now(UTC).date().isoformat()]
)
async def test_an_instant_needs_an_offset(admin: Any, moment: object) -> None:
    assert await admin.code(COLUMNS, number=PREPAID, **{**SPAN, "from": moment}) == "BAD_INPUT"
