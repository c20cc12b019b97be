"""Queries of the meter list and of one meter."""

from typing import Annotated
from uuid import UUID

import strawberry

from prewatt_graphql.connection import PageInfo, decode_cursor, encode_cursor, page_size
from prewatt_graphql.context import Info
from prewatt_graphql.errors import BadInput
from prewatt_graphql.limit_values import PAGE_DEFAULT, PAGE_MAX
from prewatt_graphql.meters.filters import MeterFilter, MeterOrder, MeterOrderField
from prewatt_graphql.meters.types import Meter, MeterEdge
from prewatt_platform.accounts.meter_list import MeterListFilter, MeterListRepository, MeterListRow


@strawberry.type(description="One page of the meter list.")
class MeterConnection:
    """`totalCount` is a query of its own, run only when requested: counting costs more than one page."""

    wanted: strawberry.Private[MeterListFilter]
    edges: list[MeterEdge] = strawberry.field(description="Meters of the page.")
    page_info: PageInfo = strawberry.field(description="Position of the page in the list.")

    @strawberry.field(
        description="Number of meters that match the filter, on all pages. Costs a query of its own."
    )
    async def total_count(self, info: Info) -> int | None:
        async with info.context.work() as work:
            return await MeterListRepository(work).count(self.wanted)


@strawberry.type
class MeterQueries:
    """Root queries on meters."""

    @strawberry.field(description="Installed meters of the project, one page at a time.")
    async def meters(
        self,
        info: Info,
        filter: Annotated[
            MeterFilter | None, strawberry.argument(description="Conditions; null: all meters.")
        ] = None,
        order_by: Annotated[
            MeterOrder | None,
            strawberry.argument(
                description="Order; null: by number, ascending. Stays the same while paging."
            ),
        ] = None,
        first: Annotated[
            int, strawberry.argument(description=f"Meters on the page, 1 to {PAGE_MAX}.")
        ] = PAGE_DEFAULT,
        after: Annotated[
            str | None,
            strawberry.argument(description="Cursor of the last meter before this page; null: first page."),
        ] = None,
    ) -> MeterConnection | None:
        order = order_by or MeterOrder()
        wanted = filter.to_platform() if filter else MeterListFilter()
        behind = _behind(after, order)
        async with info.context.work() as work:
            rows, more = await MeterListRepository(work).page(
                wanted, order.to_platform(), page_size(first), behind
            )
        edges = [
            MeterEdge(cursor=_cursor(row, order), node=Meter.of(row, info.context.membership.project))
            for row in rows
        ]
        end = PageInfo(has_next_page=more, end_cursor=edges[-1].cursor if edges else None)
        return MeterConnection(wanted=wanted, edges=edges, page_info=end)

    @strawberry.field(description="One installed meter; null when this project has none of that number.")
    async def meter(
        self,
        info: Info,
        number: Annotated[str, strawberry.argument(description="Meter number, ten characters.")],
    ) -> Meter | None:
        async with info.context.work() as work:
            row = await MeterListRepository(work).by_number(number)
        return None if row is None else Meter.of(row, info.context.membership.project)


def _cursor(row: MeterListRow, order: MeterOrder) -> str:
    key = row.point.place if order.field is MeterOrderField.PLACE else row.meter.number
    return encode_cursor(order.name, key, str(row.meter.id))


def _behind(after: str | None, order: MeterOrder) -> tuple[str, UUID] | None:
    key = decode_cursor(after, order.name, 2)
    if key is None:
        return None
    try:
        return key[0], UUID(key[1])
    except ValueError as wrong:
        raise BadInput("after is no cursor of this list", "after") from wrong
