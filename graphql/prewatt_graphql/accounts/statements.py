"""Query `statement`: an account's movements of money, with documents and running balance."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.errors import BadInput
from prewatt_graphql.ids import local_key
from prewatt_graphql.quantities import Money, maybe_money, money
from prewatt_platform.accounts import statement as statements
from prewatt_platform.accounts.repository import AccountRepository
from prewatt_platform.accounts.statement import StatementLine


@strawberry.enum(description="Reason for a movement of money.")
class MovementKind(Enum):
    """`ledger.models.TransferKind`."""

    SALE = strawberry.enum_value("SALE", description="Energy was sold.")
    SERVICE_FEE = strawberry.enum_value("SERVICE_FEE", description="A fee was charged.")
    GRANT = strawberry.enum_value("GRANT", description="A free allowance or subsidy.")
    REFUND = strawberry.enum_value("REFUND", description="Unused money was paid out.")
    REVERSAL = strawberry.enum_value("REVERSAL", description="A sale was undone.")
    TRANSFER_OUT = strawberry.enum_value("TRANSFER_OUT", description="Credit left a meter that was changed.")
    TRANSFER_IN = strawberry.enum_value("TRANSFER_IN", description="Credit came to a new meter.")
    CONSUMPTION = strawberry.enum_value("CONSUMPTION", description="Use was charged to a balance.")
    ADJUSTMENT = strawberry.enum_value(
        "ADJUSTMENT", description="A correction, such as credit that a meter held before it came here."
    )
    HANDOVER = strawberry.enum_value("HANDOVER", description="Cash of a till was handed over.")
    CLOSING = strawberry.enum_value("CLOSING", description="The account was settled.")


@strawberry.enum(description="Origin of money.")
class MoneyFunding(Enum):
    """`ledger.rules.Funding`."""

    PAID = strawberry.enum_value("PAID", description="Paid by the customer; can be refunded.")
    GRANTED = strawberry.enum_value("GRANTED", description="Granted; never paid out.")


@strawberry.type(description="One movement of an account's money.")
class StatementMovement:
    """Built by `_movement`."""

    at: datetime = strawberry.field(description="When it was posted.")
    kind: MovementKind = strawberry.field(description="Reason.")
    funding: MoneyFunding = strawberry.field(description="Origin of the money.")
    place: str = strawberry.field(
        description="Metering point; empty for a balance that several points share."
    )
    document: str | None = strawberry.field(description="Number of the receipt or voucher; null without one.")
    reason: str | None = strawberry.field(description="Reason that was given; null without one.")
    operator_name: str = strawberry.field(description="Who asked for it.")
    amount: Money = strawberry.field(description="Amount; negative when it leaves the account.")
    balance_after: Money = strawberry.field(description="Balance of the account after this movement.")
    paid: Money | None = strawberry.field(
        description="Paid or paid back with this receipt in all: credit, service fee, property fee and owed fees; null without a receipt."
    )


@strawberry.type(
    description="Statement of an account: opening + movements = closing. For points whose balance is in the meter, it counts credit handed to the meter; what is left of it is `Meter.balance`."
)
class Statement:
    """All movements of the span."""

    from_: datetime = strawberry.field(name="from", description="Start of the span, inclusive.")
    to: datetime = strawberry.field(description="End of the span, exclusive.")
    opening: Money = strawberry.field(description="Balance at the start.")
    movements: list[StatementMovement] = strawberry.field(description="Movements, oldest first.")
    closing: Money = strawberry.field(description="Balance at the end.")
    fees_opening: Money = strawberry.field(description="Owed fees at the start, negative.")
    fee_movements: list[StatementMovement] = strawberry.field(
        description="Fees that were charged (negative) and settled, oldest first; `feesOpening` + movements = `feesClosing`."
    )
    fees_closing: Money = strawberry.field(description="Owed fees at the end, negative.")


@strawberry.type
class StatementQueries:
    """Root query on statements."""

    @strawberry.field(description="Statement of one account; null when this project has none of that id.")
    async def statement(
        self,
        info: Info,
        account: Annotated[strawberry.ID, strawberry.argument(description="Id of the account.")],
        from_: Annotated[
            datetime, strawberry.argument(name="from", description="Start of the span, inclusive.")
        ],
        to: Annotated[datetime, strawberry.argument(description="End of the span, exclusive.")],
    ) -> Statement | None:
        project = info.context.membership.project
        if from_ >= to:
            raise BadInput("from is before to", "from")
        key = local_key(account, "Account", project.code)
        if key is None:
            return None
        async with info.context.work() as work:
            if await AccountRepository(work).by_id(key) is None:
                return None
            found = await statements.statement(work, key, from_, to)
        return Statement(
            from_=from_,
            to=to,
            opening=money(found.credit.opening_fen, project.currency),
            movements=[_movement(line, project.currency) for line in found.credit.lines],
            closing=money(found.credit.closing_fen, project.currency),
            fees_opening=money(found.fees.opening_fen, project.currency),
            fee_movements=[_movement(line, project.currency) for line in found.fees.lines],
            fees_closing=money(found.fees.closing_fen, project.currency),
        )


def _movement(line: StatementLine, currency: str) -> StatementMovement:
    movement = line.movement
    return StatementMovement(
        at=movement.transfer.at,
        kind=MovementKind(movement.transfer.kind),
        funding=MoneyFunding(movement.account.funding),
        place=line.place,
        document=movement.transfer.document,
        reason=movement.transfer.reason,
        operator_name=movement.transfer.actor_name,
        amount=money(movement.amount_fen, currency),
        balance_after=money(line.balance_after_fen, currency),
        paid=maybe_money(line.paid_fen, currency),
    )
