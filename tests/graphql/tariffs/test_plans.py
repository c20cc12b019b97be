"""Price plans through the API: made, changed by a new version, assigned, taken by an opening, kept by an order."""

from typing import Any
from uuid import uuid4

import pytest

from prewatt_platform.operators.models import Role
from prewatt_simulator.faults import Fault

pytestmark = pytest.mark.anyio

SHOP, VACANT = "0000010201", "0000010202"
CREATE = """mutation($input: PricePlanCreateInput!) { pricePlanCreate(input: $input) {
  pricePlan { id name medium versions { number prices stepLimits stepPeriod dayProfiles { from rate }
    seasons { from workday restDay holiday } operatorName } } replayed errors { code message path } } }"""
VERSION = """mutation($input: PricePlanVersionAddInput!) { pricePlanVersionAdd(input: $input) {
  pricePlan { versions { number prices } } errors { code path } } }"""
ASSIGN = """mutation($input: PricePlanAssignInput!) { pricePlanAssign(input: $input) {
  pricePlan { assignments { area place } } errors { code message path } } }"""
PLAN = "query($n: String!) { meter(number: $n) { pricePlan { planName number prices } } }"
OPEN = "mutation($input: AccountOpenInput!) { accountOpen(input: $input) { command { id } errors { code message } } }"


def key(**given: Any) -> dict[str, Any]:
    return {"idempotencyKey": str(uuid4()), **given}


async def create(client: Any, name: str, **terms: Any) -> str:
    made = (await client.data(CREATE, input=key(name=name, terms=terms)))["pricePlanCreate"]
    assert made["errors"] == []
    plan: str = made["pricePlan"]["id"]
    return plan


async def test_made_assigned_opened_and_kept_by_an_order(own_stack: Any) -> None:
    stack = await own_stack()
    await stack.deployment.read()
    admin = await stack.client()
    assert (await admin.data(PLAN, n=VACANT))["meter"]["pricePlan"] is None
    plan = await create(
        admin, "Shops", prices=[["1.1", "0.9", "0.6", "0.3"]], surcharges=["0.05"], stepLimits=["240"]
    )
    (answer,) = (
        await admin.data("{ pricePlans { versions { prices stepLimits stepPeriod seasons { from } } } }")
    )["pricePlans"]
    assert answer["versions"] == [
        {
            "prices": [["1.1000", "0.9000", "0.6000", "0.3000"], ["1.1500", "0.9500", "0.6500", "0.3500"]],
            "stepLimits": ["240.00"],
            "stepPeriod": "MONTH",
            "seasons": [{"from": "01-01"}],
        }
    ]
    assigned = (await admin.data(ASSIGN, input=key(plan=plan)))["pricePlanAssign"]
    assert assigned == {"pricePlan": {"assignments": [{"area": [], "place": None}]}, "errors": []}
    own = await create(admin, "Own", prices=[["0.7"]])
    await admin.data(ASSIGN, input=key(plan=own, meterNumber=SHOP))
    changed = (await admin.data(VERSION, input=key(plan=own, terms={"prices": [["0.8"]]})))[
        "pricePlanVersionAdd"
    ]
    assert [each["number"] for each in changed["pricePlan"]["versions"]] == [1, 2]
    viewer = await stack.client(Role.VIEWER)
    assert (await viewer.data(PLAN, n=SHOP))["meter"]["pricePlan"] == {
        "planName": "Own",
        "number": 2,
        "prices": [["0.8000"]],
    }
    opened = (await admin.data(OPEN, input=key(meterNumber=VACANT, customerName="李四")))["accountOpen"]
    await stack.deployment.ended(_uuid(opened["command"]["id"]))
    assert stack.deployment.farm.meter(VACANT).prices_e4 == (11_000, 9_000, 6_000, 3_000)


def _uuid(opaque: str) -> Any:
    from prewatt_graphql.ids import decode

    found = decode(opaque)
    assert found is not None
    return found.uuid


@pytest.mark.parametrize(
    ("changed", "path", "said"),
    [
        ({"name": " "}, ["input", "name"], "1 to 100 characters"),
        ({"terms": {"prices": []}}, ["input", "prices"], "1 to 6 steps"),
        ({"terms": {"prices": [["0.12345"]]}}, ["input", "prices"], "at most 4 decimals"),
        ({"terms": {"prices": [["1"]], "stepLimits": ["1"]}}, ["input", "stepLimits"], "a limit for each step but"),
        ({"terms": {"prices": [["1"]], "surcharges": ["1", "2"], "stepLimits": ["9", "8"]}}, ["input", "stepLimits"], "rise"),
        ({"terms": {"prices": [["1"]], "dayProfiles": [[{"from": "24:00", "rate": 1}]]}}, ["input", "dayProfiles"], "HH:MM, not 24:00"),
        ({"terms": {"prices": [["1", "2"]], "dayProfiles": [[{"from": "00:00", "rate": 1}, {"from": "09:00", "rate": 2}, {"from": "08:00", "rate": 1}]]}}, ["input", "dayProfiles"], "slots rise"),
        ({"terms": {"prices": [["1"]], "seasons": [{"from": "13-01", "workday": 1, "restDay": 1, "holiday": 1}]}}, ["input", "seasons"], "a date of the year"),
        ({"medium": "WATER", "terms": {"prices": [["1", "2"]]}}, ["input", "prices"], "1 to 1 rates of water"),
    ],
)  # fmt: skip
async def test_a_plan_that_cannot_be_is_refused_with_its_field(
    admin: Any, changed: dict[str, Any], path: list[str], said: str
) -> None:
    given = key(name=str(uuid4()), terms={"prices": [["1"]]}) | changed
    (wrong,) = (await admin.data(CREATE, input=given))["pricePlanCreate"]["errors"]
    assert (wrong["code"], wrong["path"]) == ("BAD_INPUT", path)
    assert said in wrong["message"]


async def test_a_version_in_the_past_and_unknown_places_are_refused(admin: Any) -> None:
    plan = await create(admin, str(uuid4()), prices=[["1"]])
    past = key(plan=plan, validFrom="2020-01-01T00:00:00Z", terms={"prices": [["1"]]})
    assert (await admin.data(VERSION, input=past))["pricePlanVersionAdd"]["errors"] == [
        {"code": "BAD_INPUT", "path": ["input", "validFrom"]}
    ]
    for given, code, path in (
        ({"plan": "nonsense"}, "NOT_FOUND", ["input", "plan"]),
        ({"plan": plan, "meterNumber": "0009990101"}, "NOT_FOUND", ["input", "meterNumber"]),
        ({"plan": plan, "meterNumber": SHOP, "area": ["1"]}, "BAD_INPUT", ["input", "area"]),
    ):
        (wrong,) = (await admin.data(ASSIGN, input=key(**given)))["pricePlanAssign"]["errors"]
        assert (wrong["code"], wrong["path"]) == (code, path)


async def test_the_calendar(admin: Any) -> None:
    days = [{"day": "2026-10-10", "dayType": "WORKDAY", "name": "补班"}]
    done = await admin.data(
        "mutation($input: CalendarDaysSetInput!) { calendarDaysSet(input: $input) { calendarDays { day dayType name } errors { code } } }",
        input={"days": days},
    )
    assert done["calendarDaysSet"] == {"calendarDays": days, "errors": []}
    found = await admin.data('{ calendarDays(from: "2026-10-01", to: "2026-10-31") { day dayType name } }')
    assert found["calendarDays"] == days
    assert await admin.code('{ calendarDays(from: "2026-10-01", to: "2027-10-31") { day } }') == "BAD_INPUT"


DOWNLOAD = """mutation($input: PricePlanDownloadInput!) { pricePlanDownload(input: $input) {
  command { id kind state } replayed errors { code message path } } }"""
DIFFERENCES = "query($n: String!) { meter(number: $n) { planDifferences } }"


async def test_prices_are_downloaded_read_back_and_compared(own_stack: Any) -> None:
    stack = await own_stack()
    await stack.deployment.read()
    admin = await stack.client()
    meter = stack.deployment.farm.meter(SHOP)
    credit, count, total = meter.remaining_fen, meter.purchase_count, meter.total_purchased_fen
    (wrong,) = (await admin.data(DOWNLOAD, input=key(meterNumber=SHOP)))["pricePlanDownload"]["errors"]
    assert (wrong["code"], wrong["path"]) == ("BAD_INPUT", ["input", "meterNumber"])
    assert "no price plan is in force" in wrong["message"]
    plan = await create(admin, "Shops", prices=[["1.1", "0.9", "0.6", "0.3"]])
    await admin.data(ASSIGN, input=key(plan=plan))
    (sharp, *_) = (await admin.data(DIFFERENCES, n=SHOP))["meter"]["planDifferences"]
    assert sharp.endswith("in the meter, 1.1000 by plan Shops")
    stack.deployment.farm.faults.add(Fault(kind="lose-reply", meter=SHOP, function=0x20, count=1))
    done = (await admin.data(DOWNLOAD, input=key(meterNumber=SHOP)))["pricePlanDownload"]
    assert done["command"]["kind"] == "PRICES_SET"
    command = await stack.deployment.ended(_uuid(done["command"]["id"]), 60)
    assert command.state == "SUCCEEDED"
    assert meter.prices_e4 == (11_000, 9_000, 6_000, 3_000)
    assert (meter.purchase_count, meter.total_purchased_fen) == (count, total)
    assert credit - 100 < meter.remaining_fen <= credit
    assert (await admin.data(DIFFERENCES, n=SHOP))["meter"]["planDifferences"] == []
    steps = {"prices": [["1"], ["2"]], "stepLimits": ["5"]}
    await admin.data(VERSION, input=key(plan=plan, terms=steps))
    (wrong,) = (await admin.data(DOWNLOAD, input=key(meterNumber=SHOP)))["pricePlanDownload"]["errors"]
    assert "not steps" in wrong["message"]
