"""Queries of the own till, of till closings, and of a day's closing."""

from datetime import date
from typing import Annotated

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.limit_values import PAGE_MAX
from prewatt_graphql.tills.types import DayClosing, Till, TillClosing
from prewatt_platform.tills.repository import TillRepository
from prewatt_platform.tills.service import TillService


@strawberry.type
class TillQueries:
    """Root queries on tills."""

    @strawberry.field(description="The operator's own till since its last closing.")
    async def till(self, info: Info) -> Till | None:
        here = info.context.membership
        async with info.context.work() as work:
            found = await TillService(work).till()
        return Till.of(found, here.scope.actor.name, here.project.currency)

    @strawberry.field(description=f"Till closings that are in no day's closing yet, {PAGE_MAX} at most.")
    async def till_closings(self, info: Info) -> list[TillClosing] | None:
        async with info.context.work() as work:
            rows = await TillRepository(work).of_day(None, PAGE_MAX)
        return [TillClosing.of(row, info.context.membership.project.currency) for row in rows]

    @strawberry.field(description="Closing of one business day; null when it was not closed.")
    async def day_closing(
        self, info: Info, day: Annotated[date, strawberry.argument(description="Business day.")]
    ) -> DayClosing | None:
        async with info.context.work() as work:
            tills = TillRepository(work)
            row, closings = await tills.day(day), await tills.of_day(day)
        if row is None:
            return None
        return DayClosing.of(row, closings, info.context.membership.project.currency)
