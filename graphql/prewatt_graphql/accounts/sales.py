"""Mutations of the sales desk: sell energy, cancel an order."""

from decimal import Decimal

import strawberry

from prewatt_graphql.accounts.types import Sale, order_of
from prewatt_graphql.commands.types import Command
from prewatt_graphql.context import Info
from prewatt_graphql.payloads import CommandPayload, IdempotentInput, Input, mutation
from prewatt_graphql.quantities import fen_of
from prewatt_platform.accounts.sales import SalesService
from prewatt_platform.control.models import Command as CommandRow


@strawberry.input(description="A sale of energy.")
class SaleCreateInput(IdempotentInput):
    """Input of `saleCreate`."""

    meter_number: str = strawberry.field(
        description="Number of the meter, ten characters; its account must be OPEN."
    )
    amount: Decimal = strawberry.field(
        description="Amount, project currency; within the limits of `salesPolicy`, at most 2 decimals. Owed fees and property fee are taken from it first (`salesPolicy`), the rest is credit; the service fee is paid beside it."
    )


@strawberry.type(description="Result of `saleCreate`.")
class SaleCreatePayload(CommandPayload):
    """Payload of `saleCreate`."""

    sale: Sale | None = strawberry.field(default=None, description="The sale with its receipt number.")


@strawberry.input(description="An order to cancel.")
class SaleCancelInput(IdempotentInput):
    """Input of `saleCancel`."""

    receipt_number: str = strawberry.field(description="Receipt number of the sale, refund or reversal.")
    reason: str | None = strawberry.field(default=None, description="Reason, kept in the audit trail.")


@strawberry.type(description="Result of `saleCancel`.")
class SaleCancelPayload(CommandPayload):
    """Payload of `saleCancel`."""

    sale: Sale | None = strawberry.field(default=None, description="The order, VOIDED or FENCING.")


@strawberry.type
class SalesMutations:
    """Root mutations of the sales desk."""

    @mutation(
        SaleCreatePayload,
        "Sell energy. The money is reserved in this call and delivered to the meter exactly once; it is in the meter when "
        "the command is APPLIED. Errors: NOT_FOUND, NOT_PREPAID, NOT_OPENED, ORDER_OPEN, METER_ON_HOLD, "
        "OVER_HOARDING_LIMIT, GATEWAY_UNREACHABLE, BAD_INPUT, IDEMPOTENCY_MISMATCH.",
    )
    async def sale_create(self, info: Info, input: Input[SaleCreateInput]) -> SaleCreatePayload:
        amount_fen = fen_of(input.amount, "amount")
        async with info.context.work() as work:
            command, replayed = await SalesService(work).sell(
                input.idempotency_key, input.meter_number, amount_fen
            )
        return SaleCreatePayload(
            sale=await order_of(info, command.id), command=_command(info, command), replayed=replayed
        )

    @mutation(
        SaleCancelPayload,
        "Cancel an open order. One of which nothing was sent becomes VOIDED at once. A sale that may have been sent becomes "
        "FENCING: the meter is made to use up its purchase count without money, and then shows whether the order is VOIDED, or "
        "APPLIED because the meter had it already. Errors: NOT_FOUND, NOT_CANCELLABLE, IN_PROGRESS, IDEMPOTENCY_MISMATCH.",
    )
    async def sale_cancel(self, info: Info, input: Input[SaleCancelInput]) -> SaleCancelPayload:
        async with info.context.work() as work:
            command, replayed = await SalesService(work).cancel(
                input.idempotency_key, input.receipt_number, input.reason
            )
        return SaleCancelPayload(
            sale=await order_of(info, command.id), command=_command(info, command), replayed=replayed
        )


def _command(info: Info, command: CommandRow) -> Command:
    return Command.of(command, info.context.membership.project)
