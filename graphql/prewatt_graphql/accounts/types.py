"""Types of customers, accounts and sales."""

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


@strawberry.enum(description="State of a metering point's account.")
class AccountState(Enum):
    """`accounts.models.AccountState`, and UNOPENED for a point without an account."""

    UNOPENED = strawberry.enum_value("UNOPENED", description="The metering point has no account.")
    OPENING = strawberry.enum_value(
        "OPENING", description="Opening was requested; the meter was not read back yet."
    )
    OPEN = strawberry.enum_value("OPEN", description="Open: the customer can buy.")
    CLOSED = strawberry.enum_value("CLOSED", description="Settled and closed; it does not open again.")


@strawberry.type(description="The buyer of energy: a shop, household or person.")
class Customer:
    """The name stands on receipts."""

    id: strawberry.ID = strawberry.field(description="Opaque and unique.")
    name: str = strawberry.field(description="Name, as on receipts.")
    phone: str | None = strawberry.field(description="Phone number.")


@strawberry.type(description="A customer's prepaid account on a metering point.")
class Account(Node):
    """Built by `account_of`."""

    state: AccountState = strawberry.field(description="State of the account.")
    customer: Customer = strawberry.field(description="The customer who holds it.")
    opened_at: datetime | None = strawberry.field(
        description="When the meter was read back as opened; null while OPENING."
    )


def account_of(account: AccountRow, customer: CustomerRow, project: Project) -> Account:
    """The API type of an account row."""
    return Account(
        id=global_id("Account", project.code, account.id),
        state=AccountState(account.state),
        customer=Customer(
            id=global_id("Customer", project.code, customer.id), name=customer.name, phone=customer.phone
        ),
        opened_at=account.opened_at,
    )


@strawberry.type(
    description="A sale of energy. Names, place and amount are kept as they were on the day of the sale."
)
class Sale(Node):
    """The sale's state is the state of its command."""

    row: strawberry.Private[SaleRow]
    receipt_number: str = strawberry.field(
        description="Receipt number; consecutive within the project, without gaps."
    )
    meter_number: str = strawberry.field(description="Number of the meter.")
    place: str = strawberry.field(description="Name of the metering point when sold.")
    customer_name: str = strawberry.field(description="Name of the customer when sold.")
    amount: Money = strawberry.field(description="Amount paid.")
    purchase_count: int | None = strawberry.field(
        description="Purchase count of this sale in the meter; null until PLANNED."
    )
    total_before: Money | None = strawberry.field(
        description="Total purchased in the meter before this sale; null until PLANNED."
    )
    total_after: Money | None = strawberry.field(
        description="Total purchased in the meter that proves delivery: `totalBefore` + `amount`; null until PLANNED."
    )
    operator_name: str = strawberry.field(description="Name of the operator who sold.")
    created_at: datetime = strawberry.field(description="When the sale was made.")
    applied_at: datetime | None = strawberry.field(
        description="When the meter was read back with the money; null until APPLIED."
    )

    @strawberry.field(
        description="State of the sale's command. Only APPLIED means that the meter holds the money."
    )
    async def state(self, info: Info) -> CommandState:
        command = await info.context.loaders.commands.load(self.row.command_id)
        assert command is not None, "a sale's command exists: the database says so"
        return CommandState(command.state)

    @classmethod
    def of(cls, row: SaleRow, project: Project) -> Self:
        """The API type of a sale row."""
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
