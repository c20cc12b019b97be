"""Plans with versions that never change, assigned where the closest wins."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import text

from prewatt_platform.control.errors import IdempotencyMismatch
from prewatt_platform.kernel.tenancy import Actor, Scope
from prewatt_platform.metering.errors import UnknownMeter
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.tariffs.assignment import day_type_of
from prewatt_platform.tariffs.errors import (
    PlanNameTaken,
    PlanRefused,
    TargetRefused,
    UnknownPlan,
    VersionInThePast,
)
from prewatt_platform.tariffs.repository import TariffRepository
from prewatt_platform.tariffs.service import PlanTarget, TariffService, in_force
from prewatt_platform.tariffs.terms import DayType, Medium, Terms, terms

pytestmark = pytest.mark.anyio

SHOP, NEIGHBOUR, FAR = "0000010201", "0000010202", "0000020101"


def flat(price_e4: int) -> Terms:
    return terms(Medium.ELECTRICITY, [[price_e4]])


@dataclass
class Office:
    """Plans of one project."""

    deployment: Any
    scope: Scope

    async def do(self, verb: str, *given: Any, key: uuid.UUID | None = None) -> uuid.UUID:
        async with self.deployment.database.project(self.scope) as work:
            made, _ = await getattr(TariffService(work), verb)(key or uuid.uuid4(), *given)
        found: uuid.UUID = made
        return found

    async def create(self, name: str, price_e4: int) -> uuid.UUID:
        return await self.do("create", name, Medium.ELECTRICITY, flat(price_e4))

    async def price_e4(self, number: str, later: timedelta = timedelta()) -> int | None:
        async with self.deployment.database.project(self.scope) as work:
            meters = MeterRepository(work)
            meter = await meters.by_number(number)
            assert meter is not None
            point = await meters.point(meter.point_id)
            found = await in_force(work, [point], Medium.ELECTRICITY, work.clock.now() + later)
        version = found.get(point.id)
        return None if version is None else version.checked.prices_e4[0][0]

    async def area(self, number: str) -> tuple[str, ...]:
        async with self.deployment.database.project(self.scope) as work:
            meters = MeterRepository(work)
            meter = await meters.by_number(number)
            assert meter is not None
            return tuple((await meters.point(meter.point_id)).area)


@pytest.fixture
async def office(open_deployment: Callable[..., Any]) -> Office:
    deployment = await open_deployment("tiny")
    scope = Scope(deployment.scope.project_id, Actor(uuid.uuid4(), "anna"))
    return Office(deployment, scope)


async def test_the_closest_wins(office: Office) -> None:
    assert await office.price_e4(SHOP) is None
    whole, building, floor, own = [
        await office.create(name, price) for name, price in (("a", 1), ("b", 2), ("c", 3), ("d", 4))
    ]
    area = await office.area(SHOP)
    assert len(area) >= 2
    await office.do("assign", own, PlanTarget(meter_number=SHOP), None)
    await office.do("assign", floor, PlanTarget(area=area[:2]), None)
    await office.do("assign", building, PlanTarget(area=area[:1]), None)
    await office.do("assign", whole, PlanTarget(), None)
    assert [await office.price_e4(number) for number in (SHOP, NEIGHBOUR, FAR)] == [4, 3, 1]
    again = await office.create("e", 5)
    await office.do("assign", again, PlanTarget(), None)
    assert [await office.price_e4(number) for number in (SHOP, NEIGHBOUR, FAR)] == [4, 3, 5]


async def test_a_version_and_an_assignment_begin_when_they_say(office: Office) -> None:
    plan = await office.create("a", 1)
    await office.do("assign", plan, PlanTarget(), None)
    tomorrow = office.deployment.platform.clock.now() + timedelta(days=1)
    await office.do("add_version", plan, tomorrow, flat(2))
    other = await office.create("b", 3)
    await office.do("assign", other, PlanTarget(), tomorrow + timedelta(days=1))
    found = [await office.price_e4(FAR, timedelta(hours=hours)) for hours in (0, 25, 49)]
    assert found == [1, 2, 3]


async def test_refused(office: Office) -> None:
    plan = await office.create(" a ", 1)
    now = office.deployment.platform.clock.now()
    with pytest.raises(PlanNameTaken):
        await office.create("a", 2)
    with pytest.raises(PlanRefused, match="1 to 100 characters"):
        await office.create("  ", 2)
    with pytest.raises(UnknownPlan):
        await office.do("add_version", uuid.uuid4(), None, flat(2))
    with pytest.raises(VersionInThePast):
        await office.do("add_version", plan, now - timedelta(seconds=1), flat(2))
    await office.do("add_version", plan, now + timedelta(days=9), flat(2))
    with pytest.raises(VersionInThePast, match="may not begin before"):
        await office.do("add_version", plan, now + timedelta(days=8), flat(3))
    with pytest.raises(UnknownPlan):
        await office.do("assign", uuid.uuid4(), PlanTarget(), None)
    with pytest.raises(UnknownMeter):
        await office.do("assign", plan, PlanTarget(meter_number="0099010101"), None)
    with pytest.raises(TargetRefused, match="not both"):
        await office.do("assign", plan, PlanTarget(("1",), SHOP), None)
    with pytest.raises(VersionInThePast):
        await office.do("assign", plan, PlanTarget(), now - timedelta(days=1))


async def test_once_for_a_key(office: Office) -> None:
    key = uuid.uuid4()
    plan = await office.do("create", "a", Medium.ELECTRICITY, flat(1), key=key)
    assert await office.do("create", "a", Medium.ELECTRICITY, flat(1), key=key) == plan
    with pytest.raises(IdempotencyMismatch):
        await office.do("create", "a", Medium.ELECTRICITY, flat(2), key=key)
    for _ in range(2):
        await office.do("add_version", plan, None, flat(2), key=key)
    async with office.deployment.database.project(office.scope) as work:
        assert [version.number for version in await TariffRepository(work).versions([plan])] == [1, 2]


@pytest.mark.parametrize("table", ["price_plan_versions", "price_plan_assignments"])
async def test_what_was_charged_by_cannot_be_changed(office: Office, table: str) -> None:
    plan = await office.create("a", 1)
    await office.do("assign", plan, PlanTarget(), None)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with office.deployment.database.project(office.scope) as work:
            await work.session.execute(text(f"UPDATE {table} SET actor_name = 'nobody'"))


async def test_the_calendar_knows_make_up_workdays(office: Office) -> None:
    saturday, monday = date(2026, 2, 14), date(2026, 2, 16)
    async with office.deployment.database.project(office.scope) as work:
        tariffs = TariffService(work)
        await tariffs.set_days([(saturday, DayType.WORKDAY, "补班"), (monday, DayType.HOLIDAY, "除夕")])
        await tariffs.set_days([(monday, DayType.HOLIDAY, "春节")])
        with pytest.raises(PlanRefused, match="each day once"):
            await tariffs.set_days([(monday, DayType.WORKDAY, "")] * 2)
        kept = await TariffRepository(work).calendar(saturday, monday)
    assert [(row.day, row.name) for row in kept.values()] == [(saturday, "补班"), (monday, "春节")]
    types = [
        day_type_of(day, kept[day].day_type if day in kept else None)
        for day in (saturday, date(2026, 2, 15), monday)
    ]
    assert types == [DayType.WORKDAY, DayType.REST_DAY, DayType.HOLIDAY]
