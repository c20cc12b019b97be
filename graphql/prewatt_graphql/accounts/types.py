"""Customers, accounts and sales."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from prewatt_graphql.commands.enums import CommandState
from prewatt_graphql.context import Info
from prewatt_graphql.ids import global_id
from prewatt_graphql.node import Node
from prewatt_graphql.quantities import Money, maybe_money, money
from prewatt_platform.accounts.models import Account as AccountRow
from prewatt_platform.accounts.models import Customer as CustomerRow
from prewatt_platform.accounts.models import Sale as SaleRow
from prewatt_platform.projects.models import Project


@strawberry.enum(description="State of an account; of a metering point without one: UNOPENED.")
class AccountState(Enum):
    """The platform's states, and the absence of an account."""

    UNOPENED = strawberry.enum_value("UNOPENED", description="There is no account.")
    OPENING = strawberry.enum_value("OPENING", description="Asked for; the meter was not read back yet.")
    OPEN = strawberry.enum_value("OPEN", description="The customer can buy.")
    CLOSED = strawberry.enum_value("CLOSED", description="Settled for good.")


@strawberry.type(description="The shop, room or person who buys.")
class Customer:
    """Named on receipts."""

    id: strawberry.ID = strawberry.field(description="Opaque and unique.")
    name: str = strawberry.field(description="The customer's name.")
    phone: str | None = strawberry.field(description="Where to reach them.")


@strawberry.type(description="A customer's prepaid relation to a metering point.")
class Account(Node):
    """Built by `account_of`."""

    state: AccountState = strawberry.field(description="How far it is open.")
    customer: Customer = strawberry.field(description="Whose it is.")
    opened_at: datetime | None = strawberry.field(description="When the meter was first seen to be open.")


def account_of(account: AccountRow, customer: CustomerRow, project: Project) -> Account:
    """An account as the API shows it."""
    return Account(
        id=global_id("Account", project.code, account.id),
        state=AccountState(account.state),
        customer=Customer(
            id=global_id("Customer", project.code, customer.id), name=customer.name, phone=customer.phone
        ),
        opened_at=account.opened_at,
    )


@strawberry.type(description="Money for energy: one order, with the names of its day.")
class Sale(Node):
    """Its state is its command's."""

    row: strawberry.Private[SaleRow]
    receipt_number: str = strawberry.field(description="Number of the receipt; without gaps in a project.")
    meter_number: str = strawberry.field(description="The meter it was sold to.")
    place: str = strawberry.field(description="The metering point, as it was called.")
    customer_name: str = strawberry.field(description="The customer, as they were called.")
    amount: Money = strawberry.field(description="What was paid.")
    purchase_count: int | None = strawberry.field(
        description="The count that the meter was given; null until planned."
    )
    total_before: Money | None = strawberry.field(
        description="Total purchased in the meter before; null until planned."
    )
    total_after: Money | None = strawberry.field(
        description="Total purchased that proves it; null until planned."
    )
    operator_name: str = strawberry.field(description="Who sold it.")
    created_at: datetime = strawberry.field(description="When it was sold.")
    applied_at: datetime | None = strawberry.field(description="When the meter was seen to hold it.")

    @strawberry.field(description="How far it got: the state of its command.")
    async def state(self, info: Info) -> CommandState:
        command = await info.context.loaders.commands.load(self.row.command_id)
        assert command is not None, "a sale's command exists: the database says so"
        return CommandState(command.state)

    @classmethod
    def of(cls, row: SaleRow, project: Project) -> Self:
        """A sale as the API shows it."""
        before = row.total_before_fen
        return cls(
            row=row,
            id=global_id("Sale", project.code, row.command_id),
            receipt_number=row.receipt_number,
            meter_number=row.meter_number,
            place=row.place,
            customer_name=row.customer_name,
            amount=money(row.amount_fen, project.currency),
            purchase_count=row.planned_count,
            total_before=maybe_money(before, project.currency),
            total_after=maybe_money(None if before is None else before + row.amount_fen, project.currency),
            operator_name=row.operator_name,
            created_at=row.created_at,
            applied_at=row.applied_at,
        )
