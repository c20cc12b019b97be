"""Mutations that give money back: refund unused credit, reverse a sale."""

from decimal import Decimal

import strawberry

from prewatt_graphql.accounts.types import Sale, order_of
from prewatt_graphql.commands.types import Command
from prewatt_graphql.context import Info
from prewatt_graphql.payloads import (
    CommandPayload,
    IdempotentInput,
    Input,
    SecondPersonPayload,
    mutation,
    reason_field,
)
from prewatt_graphql.quantities import fen_of
from prewatt_platform.accounts.refunds import RefundService


@strawberry.input(description="A refund of unused credit.")
class RefundCreateInput(IdempotentInput):
    """Input of `refundCreate`."""

    meter_number: str = strawberry.field(
        description="Number of the meter, ten characters; its account must be OPEN."
    )
    amount: Decimal = strawberry.field(
        description="Amount to pay out, project currency; at most the credit in the meter that was paid for."
    )
    reason: str = reason_field()


@strawberry.type(description="Result of `refundCreate`.")
class RefundCreatePayload(SecondPersonPayload):
    """Payload of `refundCreate`."""

    refund: Sale | None = strawberry.field(
        default=None, description="The refund with its receipt number; pay out when it is APPLIED."
    )


@strawberry.input(description="A sale to undo.")
class SaleReverseInput(IdempotentInput):
    """Input of `saleReverse`."""

    receipt_number: str = strawberry.field(description="Receipt number of the sale.")
    reason: str = reason_field()


@strawberry.type(description="Result of `saleReverse`.")
class SaleReversePayload(CommandPayload):
    """Payload of `saleReverse`."""

    reversal: Sale | None = strawberry.field(
        default=None, description="The reversal with its receipt number; pay back when it is APPLIED."
    )


@strawberry.type
class RefundMutations:
    """Root mutations that give money back."""

    @mutation(
        RefundCreatePayload,
        "Take unused credit back from a meter and pay it out of the operator's till. The credit is taken exactly once; it is "
        "gone from the meter when the command is APPLIED. Errors: NOT_FOUND, NOT_PREPAID, NOT_OPENED, ORDER_OPEN, "
        "METER_ON_HOLD, NOT_REFUNDABLE, READING_NEEDED, GATEWAY_UNREACHABLE, BAD_INPUT, IDEMPOTENCY_MISMATCH.",
    )
    async def refund_create(self, info: Info, input: Input[RefundCreateInput]) -> RefundCreatePayload:
        amount_fen = fen_of(input.amount, "amount")
        async with info.context.work() as work:
            command, replayed = await RefundService(work).refund(
                input.idempotency_key, input.meter_number, amount_fen, input.reason
            )
        if command is None:
            return RefundCreatePayload(proposed=True)
        return RefundCreatePayload(
            refund=await order_of(info, command.id),
            command=Command.of(command, info.context.membership.project),
            replayed=replayed,
        )

    @mutation(
        SaleReversePayload,
        "Undo one sale as a whole: the meter's newest order, on the day of the sale unless the project allows more days "
        "(`salesPolicy`). The credit is taken from the meter exactly once; amount and fee go back to the till that sold. "
        "Errors: NOT_FOUND, NOT_REVERSIBLE, NOT_OPENED, ORDER_OPEN, METER_ON_HOLD, READING_NEEDED, GATEWAY_UNREACHABLE, "
        "BAD_INPUT, IDEMPOTENCY_MISMATCH.",
    )
    async def sale_reverse(self, info: Info, input: Input[SaleReverseInput]) -> SaleReversePayload:
        async with info.context.work() as work:
            command, replayed = await RefundService(work).reverse(
                input.idempotency_key, input.receipt_number, input.reason
            )
        return SaleReversePayload(
            reversal=await order_of(info, command.id),
            command=Command.of(command, info.context.membership.project),
            replayed=replayed,
        )
