"""Query `sales`: sales records with filters, totals, and figures of each salesperson."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

import strawberry

from prewatt_graphql.accounts.types import Sale, SaleKind
from prewatt_graphql.commands.enums import CommandState
from prewatt_graphql.connection import PageInfo, decode_moment, encode_moment, page_size
from prewatt_graphql.context import Info
from prewatt_graphql.ids import local_key
from prewatt_graphql.limit_values import PAGE_DEFAULT, PAGE_MAX
from prewatt_graphql.meters.filters import Direction
from prewatt_graphql.quantities import Money, fen_of, money
from prewatt_platform.accounts.sales_list import Figures, SalesFilter, SalesListRepository
from prewatt_platform.control.models import CommandKind
from prewatt_platform.control.models import CommandState as CommandStateRow


@strawberry.input(
    description="Filter of sales records; all given conditions must hold, null is no condition."
)
class SaleFilter:
    """API form of `accounts.sales_list.SalesFilter`."""

    kinds: list[SaleKind] | None = strawberry.field(default=None, description="Kinds of records.")
    states: list[CommandState] | None = strawberry.field(
        default=None, description="States of their commands."
    )
    from_: datetime | None = strawberry.field(
        name="from", default=None, description="Made at this instant or later."
    )
    to: datetime | None = strawberry.field(default=None, description="Made before this instant.")
    receipt_number: str | None = strawberry.field(default=None, description="Part of the receipt number.")
    meter_number: str | None = strawberry.field(
        default=None, description="Part of the meter number; case-sensitive."
    )
    place: str | None = strawberry.field(default=None, description="Part of the place; case-sensitive.")
    customer_name: str | None = strawberry.field(
        default=None, description="Part of the customer's name; case-sensitive."
    )
    operator_name: str | None = strawberry.field(
        default=None, description="Part of the operator's name; case-sensitive."
    )
    account: strawberry.ID | None = strawberry.field(default=None, description="Id of the account.")
    area: list[str] | None = strawberry.field(default=None, description="First elements of the area's path.")
    amount_min: Decimal | None = strawberry.field(default=None, description="Amount or more.")
    amount_max: Decimal | None = strawberry.field(default=None, description="Amount or less.")

    def to_platform(self, project_code: str) -> SalesFilter:
        """The platform's form. Raises `BadInput`. An account of another project matches nothing."""
        account = None if self.account is None else local_key(self.account, "Account", project_code)
        return SalesFilter(
            kinds=None if self.kinds is None else [CommandKind(kind.name) for kind in self.kinds],
            states=None if self.states is None else [CommandStateRow(state.name) for state in self.states],
            since=self.from_,
            until=self.to,
            receipt_number=self.receipt_number,
            meter_number=self.meter_number,
            place=self.place,
            customer_name=self.customer_name,
            operator_name=self.operator_name,
            account_id=_NOBODY if self.account is not None and account is None else account,
            area=tuple(self.area) if self.area else None,
            amount_min_fen=_fen(self.amount_min, "amountMin"),
            amount_max_fen=_fen(self.amount_max, "amountMax"),
        )


_NOBODY = UUID(int=0)
"""No account has this id: ids are UUIDv7."""


@strawberry.type(description="Sums over sales records that the meters carried out (APPLIED).")
class SalesFigures:
    """API form of `accounts.sales_list.Figures`."""

    operator_name: str = strawberry.field(description="Name of the operator; empty for all together.")
    count: int = strawberry.field(description="Number of records.")
    sold: Money = strawberry.field(description="Credit sold.")
    reversed: Money = strawberry.field(description="Sales that were reversed.")
    refunded: Money = strawberry.field(description="Credit that was refunded.")
    granted: Money = strawberry.field(description="Credit that was granted; no part of net.")
    net: Money = strawberry.field(description="Sold − reversed − refunded.")
    fees: Money = strawberry.field(description="Service fees taken, less those given back.")

    collected: Money = strawberry.field(
        description="Owed fees and property fees taken with sales, less those given back."
    )

    @classmethod
    def of(cls, figures: Figures, currency: str) -> Self:
        """The API type of figures."""
        return cls(
            operator_name=figures.operator_name,
            count=figures.orders,
            sold=money(figures.sold_fen, currency),
            reversed=money(figures.reversed_fen, currency),
            refunded=money(figures.refunded_fen, currency),
            granted=money(figures.granted_fen, currency),
            net=money(figures.net_fen, currency),
            fees=money(figures.fees_fen, currency),
            collected=money(figures.collected_fen, currency),
        )


@strawberry.type(description="One sales record of a page.")
class SaleEdge:
    """A record with its cursor."""

    cursor: str = strawberry.field(description="Cursor of the record.")
    node: Sale = strawberry.field(description="The record.")


@strawberry.type(description="One page of sales records.")
class SaleConnection:
    """Counts and sums are queries of their own, run only when requested."""

    wanted: strawberry.Private[SalesFilter]
    edges: list[SaleEdge] = strawberry.field(description="Records of the page.")
    page_info: PageInfo = strawberry.field(description="Position of the page in the list.")

    @strawberry.field(description="Number of records that match the filter, on all pages.")
    async def total_count(self, info: Info) -> int | None:
        async with info.context.work() as work:
            return await SalesListRepository(work).count(self.wanted)

    @strawberry.field(description="Figures of all records that match the filter, on all pages.")
    async def totals(self, info: Info) -> SalesFigures | None:
        async with info.context.work() as work:
            found = await SalesListRepository(work).totals(self.wanted)
        return SalesFigures.of(found, info.context.membership.project.currency)

    @strawberry.field(description="Figures of each operator whose records match the filter, by name.")
    async def by_operator(self, info: Info) -> list[SalesFigures] | None:
        currency = info.context.membership.project.currency
        async with info.context.work() as work:
            found = await SalesListRepository(work).by_operator(self.wanted)
        return [SalesFigures.of(figures, currency) for figures in found]


@strawberry.type
class SalesQueries:
    """Root query on sales records."""

    @strawberry.field(description="Sales records: sales, refunds, reversals and grants, one page at a time.")
    async def sales(
        self,
        info: Info,
        filter: Annotated[
            SaleFilter | None, strawberry.argument(description="Conditions; null: all records.")
        ] = None,
        direction: Annotated[
            Direction, strawberry.argument(description="Order by the time they were made.")
        ] = Direction.DESC,
        first: Annotated[
            int, strawberry.argument(description=f"Records on the page, 1 to {PAGE_MAX}.")
        ] = PAGE_DEFAULT,
        after: Annotated[
            str | None,
            strawberry.argument(description="Cursor of the last record before this page; null: first page."),
        ] = None,
    ) -> SaleConnection | None:
        project = info.context.membership.project
        wanted = filter.to_platform(project.code) if filter else SalesFilter()
        name = f"sales {direction.name}"
        behind = decode_moment(after, name)
        async with info.context.work() as work:
            orders, more = await SalesListRepository(work).page(
                wanted, page_size(first), behind, descending=direction is Direction.DESC
            )
        edges = [
            SaleEdge(
                cursor=encode_moment(name, order.created_at, order.command_id), node=Sale.of(order, project)
            )
            for order in orders
        ]
        end = PageInfo(has_next_page=more, end_cursor=edges[-1].cursor if edges else None)
        return SaleConnection(wanted=wanted, edges=edges, page_info=end)


def _fen(value: Decimal | None, field: str) -> int | None:
    return None if value is None else fen_of(value, field)
