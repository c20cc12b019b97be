"""The list of meters, and one meter."""

from typing import Annotated
from uuid import UUID

import strawberry

from prewatt_graphql.connection import PageInfo, cursor, page_size, position
from prewatt_graphql.context import Info
from prewatt_graphql.errors import BadInput
from prewatt_graphql.limit_values import PAGE_DEFAULT, PAGE_MAX
from prewatt_graphql.meters.filters import MeterFilter, MeterOrder, MeterOrderField
from prewatt_graphql.meters.types import Meter, MeterEdge
from prewatt_platform.accounts.meter_list import MeterListFilter, MeterListRepository, MeterListRow


@strawberry.type(description="A page of meters.")
class MeterConnection:
    """Counting is dearer than paging, so it happens only when it is asked for."""

    wanted: strawberry.Private[MeterListFilter]
    edges: list[MeterEdge] = strawberry.field(description="The page's meters.")
    page_info: PageInfo = strawberry.field(description="Where the page ends.")

    @strawberry.field(description="How many meters fit the filter, on all pages.")
    async def total_count(self, info: Info) -> int | None:
        async with info.context.work() as work:
            return await MeterListRepository(work).count(self.wanted)


@strawberry.type
class MeterQueries:
    """Root queries on meters."""

    @strawberry.field(description="Meters of the project, a page at a time.")
    async def meters(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the API's own word
            MeterFilter | None, strawberry.argument(description="What to look for; null: all.")
        ] = None,
        order_by: Annotated[
            MeterOrder | None, strawberry.argument(description="How to sort; null: by number.")
        ] = None,
        first: Annotated[
            int, strawberry.argument(description=f"Size of the page, 1 to {PAGE_MAX}.")
        ] = PAGE_DEFAULT,
        after: Annotated[str | None, strawberry.argument(description="Go on behind this cursor.")] = None,
    ) -> MeterConnection | None:
        order = order_by or MeterOrder()
        wanted = filter.wanted() if filter else MeterListFilter()
        behind = _behind(after, order)
        async with info.context.work() as work:
            rows, more = await MeterListRepository(work).page(
                wanted, order.wanted(), page_size(first), behind
            )
        edges = [
            MeterEdge(cursor=_cursor(row, order), node=Meter.of(row, info.context.here.project))
            for row in rows
        ]
        end = PageInfo(has_next_page=more, end_cursor=edges[-1].cursor if edges else None)
        return MeterConnection(wanted=wanted, edges=edges, page_info=end)

    @strawberry.field(description="The meter of that number; null when this project has none.")
    async def meter(
        self, info: Info, number: Annotated[str, strawberry.argument(description="All ten characters.")]
    ) -> Meter | None:
        async with info.context.work() as work:
            row = await MeterListRepository(work).by_number(number)
        return None if row is None else Meter.of(row, info.context.here.project)


def _cursor(row: MeterListRow, order: MeterOrder) -> str:
    key = row.point.place if order.field is MeterOrderField.PLACE else row.meter.number
    return cursor(order.name, key, str(row.meter.id))


def _behind(after: str | None, order: MeterOrder) -> tuple[str, UUID] | None:
    key = position(after, order.name, 2)
    if key is None:
        return None
    try:
        return key[0], UUID(key[1])
    except ValueError as wrong:
        raise BadInput("after is no cursor of this list", "after") from wrong
