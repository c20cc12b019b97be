"""Mutations of a person's decisions: resolve a disputed order, confirm the epoch of a meter on hold."""

import strawberry

from prewatt_graphql.accounts.types import Sale
from prewatt_graphql.commands.types import Command
from prewatt_graphql.context import Info
from prewatt_graphql.ids import local_key
from prewatt_graphql.meters.types import Meter
from prewatt_graphql.payloads import IdempotentInput, Input, SecondPersonPayload, mutation, reason_field
from prewatt_platform.accounts.errors import UnknownOrder
from prewatt_platform.accounts.resolution import ResolutionService


@strawberry.input(description="The end of a disputed order.")
class OrderResolveInput(IdempotentInput):
    """Input of `orderResolve`."""

    order: strawberry.ID = strawberry.field(description="Id of the order's command; its state is DISPUTED.")
    delivered: bool = strawberry.field(
        description="True: the meter has carried it out (it has the money of a sale, or gave it back), the order becomes APPLIED. "
        "False: it has not, the order becomes VOIDED and the money goes back."
    )
    reason: str = reason_field()


@strawberry.type(description="Result of `orderResolve`.")
class OrderResolvePayload(SecondPersonPayload):
    """Payload of `orderResolve`."""

    sale: Sale | None = strawberry.field(
        default=None, description="The sale, refund or reversal; null for the opening of an account."
    )


@strawberry.input(description="A meter on hold whose registers are accepted as they are.")
class MeterEpochConfirmInput(IdempotentInput):
    """Input of `meterEpochConfirm`."""

    meter_number: str = strawberry.field(description="Number of the meter, ten characters.")
    reason: str = reason_field()


@strawberry.type(description="Result of `meterEpochConfirm`.")
class MeterEpochConfirmPayload(SecondPersonPayload):
    """Payload of `meterEpochConfirm`."""

    meter: Meter | None = strawberry.field(default=None, description="The meter, no longer on hold.")


@strawberry.type
class ResolutionMutations:
    """Root mutations of decisions."""

    @mutation(
        OrderResolvePayload,
        "End a disputed order by a person's decision, after a look at the meter's registers of now (`meterRefresh`, then "
        "`reconciliation`). The meter stays on hold until `meterEpochConfirm`. An opening can only end as not delivered. "
        "Errors: NOT_FOUND, NOT_DISPUTED, READING_NEEDED, BAD_INPUT, IDEMPOTENCY_MISMATCH.",
    )
    async def order_resolve(self, info: Info, input: Input[OrderResolveInput]) -> OrderResolvePayload:
        project = info.context.membership.project
        order = local_key(input.order, "Command", project.code)
        if order is None:
            raise UnknownOrder(input.order)
        async with info.context.work() as work:
            command, replayed = await ResolutionService(work).resolve(
                input.idempotency_key, order, input.reason, delivered=input.delivered
            )
        if command is None:
            return OrderResolvePayload(proposed=True)
        sale = await info.context.loaders.orders.load(command.id)
        return OrderResolvePayload(
            sale=None if sale is None else Sale.of(sale, project),
            command=Command.of(command, project),
            replayed=replayed,
        )

    @mutation(
        MeterEpochConfirmPayload,
        "Accept purchase count and total purchased of a meter on hold as they are, so that it can be sold to again. The "
        "ledger is adjusted by the difference. Errors: NOT_FOUND, NOT_ON_HOLD, ORDER_OPEN, ORDER_DISPUTED, READING_NEEDED, "
        "BAD_INPUT, IDEMPOTENCY_MISMATCH.",
    )
    async def meter_epoch_confirm(
        self, info: Info, input: Input[MeterEpochConfirmInput]
    ) -> MeterEpochConfirmPayload:
        project = info.context.membership.project
        async with info.context.work() as work:
            command, replayed = await ResolutionService(work).confirm_epoch(
                input.idempotency_key, input.meter_number, input.reason
            )
        if command is None:
            return MeterEpochConfirmPayload(proposed=True)
        row = await info.context.loaders.meters.load(command.meter_id)
        assert row is not None, "a command's meter exists: the database says so"
        return MeterEpochConfirmPayload(
            meter=Meter.of(row, project), command=Command.of(command, project), replayed=replayed
        )
