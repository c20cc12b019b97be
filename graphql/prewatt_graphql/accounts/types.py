"""Types of customers, accounts and sales."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry

from prewatt_graphql.commands.enums import CommandState
from prewatt_graphql.context import Info
from prewatt_graphql.ids import global_id
from prewatt_graphql.node import Node
from prewatt_graphql.quantities import Money, maybe_money, money
from prewatt_platform.accounts.models import Account as AccountRow
from prewatt_platform.accounts.models import Customer as CustomerRow
from prewatt_platform.accounts.models import Order
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


@strawberry.type(description="A metering point that an account owns or has owned.")
class AccountPoint:
    """API form of `accounts.account_list.OwnedPoint`."""

    place: str = strawberry.field(description="Name of the metering point.")
    meter_number: str | None = strawberry.field(
        description="Number of the meter that is installed there now; null: none."
    )
    since: datetime = strawberry.field(description="From when the account owns it.")
    until: datetime | None = strawberry.field(description="Until when; null: it owns it now.")


@strawberry.type(description="A customer's prepaid account on a metering point.")
class Account(Node):
    """Built by `account_of`."""

    key: strawberry.Private[UUID]

    state: AccountState = strawberry.field(description="State of the account.")
    customer: Customer = strawberry.field(description="The customer who holds it.")
    opened_at: datetime | None = strawberry.field(
        description="When the meter was read back as opened; null while OPENING."
    )
    created_at: datetime = strawberry.field(description="When its opening was asked for.")

    @strawberry.field(description="Metering points that the account owns or has owned, oldest first.")
    async def points(self, info: Info) -> list[AccountPoint]:
        owned = await info.context.loaders.account_points.load(self.key) or []
        return [
            AccountPoint(
                place=each.place, meter_number=each.meter_number, since=each.from_at, until=each.until_at
            )
            for each in owned
        ]


def account_of(account: AccountRow, customer: CustomerRow, project: Project) -> Account:
    """The API type of an account row."""
    return Account(
        id=global_id("Account", project.code, account.id),
        key=account.id,
        state=AccountState(account.state),
        created_at=account.created_at,
        customer=Customer(
            id=global_id("Customer", project.code, customer.id), name=customer.name, phone=customer.phone
        ),
        opened_at=account.opened_at,
    )


@strawberry.enum(description="Kind of a sales record.")
class SaleKind(Enum):
    """Kinds of `accounts.models.Order`."""

    SALE = strawberry.enum_value("SALE", description="Energy was sold.")
    REFUND = strawberry.enum_value("REFUND", description="Unused credit was taken back and paid out.")
    REVERSAL = strawberry.enum_value("REVERSAL", description="A sale was undone as a whole.")
    GRANT = strawberry.enum_value("GRANT", description="Credit was granted; it is never paid out.")


@strawberry.type(
    description="A sales record: a sale, refund, reversal or grant. Names, place and amount are kept as they were on its day."
)
class Sale(Node):
    """Its state is the state of its command."""

    row: strawberry.Private[Order]
    project: strawberry.Private[Project]
    kind: SaleKind = strawberry.field(description="Kind of the record.")
    command_id: strawberry.ID = strawberry.field(
        description="Id of its command, for `command` and `orderResolve`."
    )
    receipt_number: str = strawberry.field(
        description="Receipt number; consecutive within the project, without gaps."
    )
    meter_number: str = strawberry.field(description="Number of the meter.")
    place: str = strawberry.field(description="Name of the metering point on that day.")
    customer_name: str = strawberry.field(description="Name of the customer on that day.")
    amount: Money = strawberry.field(
        description="Credit that the meter gains by a sale or grant, or loses by a refund or reversal."
    )
    fee: Money = strawberry.field(
        description="Service fee: paid beside the amount of a sale, given back by a reversal; 0 for a refund."
    )
    owed_fees: Money = strawberry.field(
        description="Owed fees that the payment of a sale settled; owed again after its reversal."
    )
    property_fee: Money = strawberry.field(
        description="Property fee held back of the payment of a sale; given back by a reversal."
    )
    paid: Money = strawberry.field(
        description="Paid by the customer, or paid back: amount and all fees; 0 for a grant."
    )
    programme: str | None = strawberry.field(
        description="Programme that a grant comes from; null for other kinds."
    )
    reason: str | None = strawberry.field(description="Reason that was given; null without one.")
    purchase_count: int | None = strawberry.field(
        description="Purchase count of this order in the meter; null until PLANNED."
    )
    total_before: Money | None = strawberry.field(
        description="Total purchased in the meter before this order; null until PLANNED."
    )
    total_after: Money | None = strawberry.field(
        description="Total purchased in the meter that proves the order: `totalBefore` + `amount` (refund, reversal: − `amount`); null until PLANNED."
    )
    remaining: Money | None = strawberry.field(
        description="Credit that the meter showed with the order carried out; null until APPLIED."
    )
    operator_name: str = strawberry.field(description="Name of the operator who made it.")
    created_at: datetime = strawberry.field(description="When it was made.")
    applied_at: datetime | None = strawberry.field(
        description="When the meter was read back with the order carried out; null until APPLIED."
    )

    @strawberry.field(
        description="State of its command. Only APPLIED means that the meter has carried it out."
    )
    async def state(self, info: Info) -> CommandState:
        command = await info.context.loaders.commands.load(self.row.command_id)
        assert command is not None, "an order's command exists: the database says so"
        return CommandState(command.state)

    @strawberry.field(description="The sale that a reversal undoes; null for other kinds.")
    async def reverses(self, info: Info) -> Annotated["Sale", strawberry.lazy(__name__)] | None:
        if self.row.reverses is None:
            return None
        sale = await info.context.loaders.orders.load(self.row.reverses)
        return None if sale is None else Sale.of(sale, self.project)

    @classmethod
    def of(cls, row: Order, project: Project) -> Self:
        """The API type of an order row."""
        plan = row.plan
        return cls(
            row=row,
            project=project,
            kind=SaleKind(row.kind),
            command_id=global_id("Command", project.code, row.command_id),
            id=global_id("Sale", project.code, row.command_id),
            receipt_number=row.receipt_number,
            meter_number=row.meter_number,
            place=row.place,
            customer_name=row.customer_name,
            amount=money(row.amount_fen, project.currency),
            fee=money(row.fee_fen, project.currency),
            owed_fees=money(row.owed_fen, project.currency),
            property_fee=money(row.property_fen, project.currency),
            paid=money(row.paid_fen, project.currency),
            programme=row.programme,
            reason=row.reason,
            purchase_count=row.planned_count,
            total_before=maybe_money(row.total_before_fen, project.currency),
            total_after=maybe_money(None if plan is None else plan.total_after_fen, project.currency),
            remaining=maybe_money(row.remaining_fen, project.currency),
            operator_name=row.operator_name,
            created_at=row.created_at,
            applied_at=row.applied_at,
        )


async def order_of(info: Info, command_id: UUID) -> Sale:
    """The sales record that a command carries out."""
    order = await info.context.loaders.orders.load(command_id)
    assert order is not None, "an order and its command are written together"
    return Sale.of(order, info.context.membership.project)
