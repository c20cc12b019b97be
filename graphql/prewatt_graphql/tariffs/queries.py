"""Queries of price plans and of the calendar."""

from collections import defaultdict
from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.errors import BadInput
from prewatt_graphql.tariffs.types import CalendarDay, PricePlan
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.projects.models import Project
from prewatt_platform.tariffs.models import PricePlan as PlanRow
from prewatt_platform.tariffs.repository import TariffRepository

CALENDAR_DAYS_MAX = 366


@strawberry.type
class TariffQueries:
    """Root queries on price plans."""

    @strawberry.field(description="All price plans of the project with their versions, by name.")
    async def price_plans(self, info: Info) -> list[PricePlan] | None:
        async with info.context.work() as work:
            rows = await TariffRepository(work).plans()
            return await plans_of(work, info.context.membership.project, list(rows))

    @strawberry.field(
        description="Days between `from` and `to`, both included, whose kind is not that of their weekday."
    )
    async def calendar_days(
        self,
        info: Info,
        from_: Annotated[date, strawberry.argument(name="from", description="First day.")],
        to: Annotated[
            date, strawberry.argument(description=f"Last day, at most {CALENDAR_DAYS_MAX} days on.")
        ],
    ) -> list[CalendarDay] | None:
        if not 0 <= (to - from_).days < CALENDAR_DAYS_MAX:
            raise BadInput(f"from comes before to, at most {CALENDAR_DAYS_MAX} days", "to")
        async with info.context.work() as work:
            days = await TariffRepository(work).calendar(from_, to)
        return [CalendarDay.of(row) for row in days.values()]


async def plans_of(work: Work, project: Project, rows: list[PlanRow]) -> list[PricePlan]:
    """The API types of those plans, with two queries for all their versions and assignments."""
    tariffs = TariffRepository(work)
    ids = [row.id for row in rows]
    versions = defaultdict(list)
    for version in await tariffs.versions(ids):
        versions[version.plan_id].append(version)
    assignments = await tariffs.of_plans(ids)
    points = await MeterRepository(work).points(
        [each.point_id for each in assignments if each.point_id is not None]
    )
    places = defaultdict(list)
    for each in assignments:
        assert each.plan_id is not None, "they were looked up by their plan"
        place = None if each.point_id is None else points[each.point_id].place
        places[each.plan_id].append((each, place))
    return [PricePlan.of(project, row, versions[row.id], places[row.id]) for row in rows]


async def plan_of(work: Work, project: Project, plan_id: UUID) -> PricePlan:
    """The API type of a plan that exists."""
    row = await TariffRepository(work).plan(plan_id)
    assert row is not None, "a key's plan exists"
    (found,) = await plans_of(work, project, [row])
    return found
