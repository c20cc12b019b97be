"""Shared parts of mutations: `mutation`, `Input`, the idempotency key of an input, and the fields of a payload.

A mutation parses its input, asks a service inside one unit of work and returns its payload:

    @mutation(SaleCreatePayload, "Sell energy. Errors: NOT_FOUND, …")
    async def sale_create(self, info: Info, input: Input[SaleCreateInput]) -> SaleCreatePayload:
        amount_fen = fen_of(input.amount, "amount")
        async with info.context.work() as work:
            command, replayed = await AccountService(work).sell(input.idempotency_key, input.meter_number, amount_fen)
        return SaleCreatePayload(command=Command.of(command, info.context.membership.project), replayed=replayed)

Errors that a client can act on become the payload's `errors`, and the unit of work is rolled back; everything else is
a top-level error and masked (`errors`). A payload with errors is recorded in the audit chain (`refusals`). The service finds a repeated key itself (`control.idempotency.once`), so a
replay takes the same path and differs in `replayed` only.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, TypeVar
from uuid import UUID

import strawberry

from prewatt_graphql.commands.types import Command
from prewatt_graphql.context import Info
from prewatt_graphql.errors import UserError, errors_in_payload
from prewatt_graphql.refusals import record_refused_mutation
from prewatt_platform.control.reason import REASON_LENGTH_MAX

InputType = TypeVar("InputType")

Input = Annotated[InputType, strawberry.argument(description="All values of the mutation.")]
"""Type of a mutation's one argument, `input`."""


@strawberry.input
class IdempotentInput:
    """An input whose effect happens once for each key."""

    idempotency_key: UUID = strawberry.field(
        description="A new UUID for each order; a retry of the same order sends the same UUID and content. Keys are "
        "kept for ever, per operator and mutation."
    )


@strawberry.type
class MutationPayload:
    """Payload of any mutation."""

    errors: list[UserError] = strawberry.field(
        default_factory=list,
        description="Errors that the caller can act on; empty on success. With an error nothing was changed.",
    )


@strawberry.type
class IdempotentPayload(MutationPayload):
    """Payload of a mutation with an idempotency key."""

    replayed: bool = strawberry.field(
        default=False,
        description="True when the key was used before: the payload shows that order in its present state.",
    )


@strawberry.type
class CommandPayload(IdempotentPayload):
    """Payload of a mutation that sends a command to a meter."""

    command: Command | None = strawberry.field(
        default=None,
        description="The command to the meter. Follow it with `commandProgress` or `command` until `final`.",
    )


@strawberry.type
class SecondPersonPayload(CommandPayload):
    """Payload of a mutation that may need a second person."""

    proposed: bool = strawberry.field(
        default=False,
        description="True: nothing was done yet; another operator has to send the same mutation within 24 hours (`proposals`, "
        "`salesPolicy`). The key was not used.",
    )


def reason_field() -> str:
    """Field of a reason that is required."""
    text: str = strawberry.field(
        description=f"Reason, kept in the audit trail; 1 to {REASON_LENGTH_MAX} characters."
    )
    return text


Payload = TypeVar("Payload", bound=MutationPayload)


def mutation(
    payload: Callable[..., Payload], description: str
) -> Callable[[Callable[..., Awaitable[Payload]]], Any]:
    """Declare a mutation whose resolver returns `payload`, or raises an error that belongs into its `errors`."""

    def declared(resolve: Callable[..., Awaitable[Payload]]) -> Any:
        answer = errors_in_payload(payload)(resolve)

        @wraps(answer)
        async def answer_and_record(self: Any, info: Info, **arguments: Any) -> Payload:
            found = await answer(self, info, **arguments)
            if found.errors:
                await record_refused_mutation(
                    info.context, info.field_name, arguments.get("input"), found.errors
                )
            return found

        return strawberry.mutation(answer_and_record, description=description)

    return declared
