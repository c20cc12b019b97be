"""Setting reading intervals."""

from typing import Any

import pytest

pytestmark = pytest.mark.anyio

SET = """mutation($input: ReadingIntervalSetInput!) { readingIntervalSet(input: $input) {
  project { readingIntervalMinutes } meter { number readingIntervalMinutes } errors { code path }
} }"""
METER = "0000010201"


async def test_set_for_a_meter_then_the_project_then_reset_for_the_meter(own_stack: Any) -> None:
    admin = await (await own_stack(work="api")).client()

    async def set_it(**wanted: Any) -> Any:
        return (await admin.data(SET, input=wanted))["readingIntervalSet"]

    own = {"number": METER, "readingIntervalMinutes": 5}
    assert await set_it(meterNumber=METER, minutes=5) == {
        "project": {"readingIntervalMinutes": 30}, "meter": own, "errors": [],
    }  # fmt: skip
    assert await set_it(minutes=15) == {
        "project": {"readingIntervalMinutes": 15},
        "meter": None,
        "errors": [],
    }
    assert (await set_it(meterNumber=METER))["meter"] == {"number": METER, "readingIntervalMinutes": None}
    data = await admin.data(
        f'{{ project {{ readingIntervalMinutes }} meter(number: "{METER}") {{ readingIntervalMinutes }} }}'
    )
    assert data == {"project": {"readingIntervalMinutes": 15}, "meter": {"readingIntervalMinutes": None}}


@pytest.mark.parametrize("minutes", [0, -5, 1441, 2**31 - 1])
@pytest.mark.parametrize("meter", [METER, None])
async def test_out_of_range(admin: Any, meter: str | None, minutes: int) -> None:
    payload = (await admin.data(SET, input={"meterNumber": meter, "minutes": minutes}))["readingIntervalSet"]
    assert payload == {
        "project": None, "meter": None, "errors": [{"code": "BAD_INPUT", "path": ["input", "minutes"]}],
    }  # fmt: skip


async def test_a_project_needs_an_interval(admin: Any) -> None:
    payload = (await admin.data(SET, input={}))["readingIntervalSet"]
    assert payload["errors"] == [{"code": "BAD_INPUT", "path": ["input", "minutes"]}]


async def test_an_unknown_meter(admin: Any) -> None:
    payload = (await admin.data(SET, input={"meterNumber": "9999999999", "minutes": 5}))["readingIntervalSet"]
    assert payload["errors"] == [{"code": "NOT_FOUND", "path": ["input", "meterNumber"]}]
