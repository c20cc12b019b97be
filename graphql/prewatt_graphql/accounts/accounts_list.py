"""Queries `accounts` and `account`."""

from typing import Annotated

import strawberry

from prewatt_graphql.accounts.types import Account, AccountState, account_of
from prewatt_graphql.connection import PageInfo, decode_moment, encode_moment, page_size
from prewatt_graphql.context import Info
from prewatt_graphql.ids import local_key
from prewatt_graphql.limit_values import PAGE_DEFAULT, PAGE_MAX
from prewatt_platform.accounts.account_list import AccountFilter as Wanted
from prewatt_platform.accounts.account_list import AccountListRepository
from prewatt_platform.accounts.models import AccountState as AccountStateRow
from prewatt_platform.accounts.repository import AccountRepository

ORDER = "accounts"
"""Name of the list's only order, newest first."""


@strawberry.input(description="Filter of accounts; all given conditions must hold, null is no condition.")
class AccountFilter:
    """API form of `accounts.account_list.AccountFilter`."""

    states: list[AccountState] | None = strawberry.field(
        default=None, description="States; UNOPENED fits no account."
    )
    customer_name: str | None = strawberry.field(
        default=None, description="Part of the customer's name; case-sensitive."
    )
    customer_phone: str | None = strawberry.field(default=None, description="Part of the phone number.")
    meter_number: str | None = strawberry.field(
        default=None,
        description="Part of the number of a meter that is installed at a point of the account; case-sensitive.",
    )
    place: str | None = strawberry.field(
        default=None, description="Part of the name of a point of the account; case-sensitive."
    )

    def to_platform(self) -> Wanted:
        """The platform's form."""
        states = None
        if self.states is not None:
            states = [AccountStateRow(state.name) for state in self.states if state.name != "UNOPENED"]
        return Wanted(states, self.customer_name, self.customer_phone, self.meter_number, self.place)


@strawberry.type(description="An account in the list, with its cursor.")
class AccountEdge:
    """One account of a page."""

    cursor: str = strawberry.field(description="Cursor of this account, for `after`.")
    node: Account = strawberry.field(description="The account.")


@strawberry.type(description="One page of accounts, newest first.")
class AccountConnection:
    """The count is a query of its own, run only when requested."""

    wanted: strawberry.Private[Wanted]
    edges: list[AccountEdge] = strawberry.field(description="Accounts of the page.")
    page_info: PageInfo = strawberry.field(description="Position of the page in the list.")

    @strawberry.field(description="Number of accounts that match the filter, on all pages.")
    async def total_count(self, info: Info) -> int | None:
        async with info.context.work() as work:
            return await AccountListRepository(work).count(self.wanted)


@strawberry.type
class AccountQueries:
    """Root queries on accounts."""

    @strawberry.field(description="Accounts of the project, newest first, one page at a time.")
    async def accounts(
        self,
        info: Info,
        filter: Annotated[
            AccountFilter | None, strawberry.argument(description="Conditions; null: all accounts.")
        ] = None,
        first: Annotated[
            int, strawberry.argument(description=f"Accounts on the page, 1 to {PAGE_MAX}.")
        ] = PAGE_DEFAULT,
        after: Annotated[
            str | None,
            strawberry.argument(description="Cursor of the last account before this page; null: first page."),
        ] = None,
    ) -> AccountConnection | None:
        wanted = filter.to_platform() if filter else Wanted()
        behind, size = decode_moment(after, ORDER), page_size(first)
        async with info.context.work() as work:
            rows, more = await AccountListRepository(work).page(wanted, size, behind)
        project = info.context.membership.project
        edges = [
            AccountEdge(
                cursor=encode_moment(ORDER, row.account.created_at, row.account.id),
                node=account_of(row.account, row.customer, project),
            )
            for row in rows
        ]
        end = PageInfo(has_next_page=more, end_cursor=edges[-1].cursor if edges else None)
        return AccountConnection(wanted=wanted, edges=edges, page_info=end)

    @strawberry.field(description="One account; null when this project has none of that id.")
    async def account(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Id of the account.")]
    ) -> Account | None:
        project = info.context.membership.project
        key = local_key(id, "Account", project.code)
        if key is None:
            return None
        async with info.context.work() as work:
            held = await AccountRepository(work).by_id(key)
        return None if held is None else account_of(held.account, held.customer, project)
