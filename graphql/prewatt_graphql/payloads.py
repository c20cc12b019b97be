"""Shared parts of mutations: `mutation`, the idempotency key of an input, and the fields of a payload.

A resolver parses its input, asks a service inside `info.context.work()` and returns its payload. Errors that a client
can act on become the payload's `errors`; everything else is a top-level error and masked.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import strawberry

from prewatt_graphql.commands.types import Command
from prewatt_graphql.errors import UserError, errors_in_payload


@strawberry.input
class IdempotentInput:
    """An input whose effect happens once for each key."""

    idempotency_key: UUID = strawberry.field(description="One for each intent; a retry sends the same again.")


@strawberry.type
class MutationPayload:
    """Payload of any mutation."""

    errors: list[UserError] = strawberry.field(
        default_factory=list, description="What went wrong; empty: nothing."
    )


@strawberry.type
class IdempotentPayload(MutationPayload):
    """Payload of a mutation with an idempotency key."""

    replayed: bool = strawberry.field(
        default=False, description="Whether the key came before and this is its result."
    )


@strawberry.type
class CommandPayload(IdempotentPayload):
    """Payload of a mutation that sends a command to a meter."""

    command: Command | None = strawberry.field(default=None, description="Follow it to its end.")


Payload = TypeVar("Payload", bound=MutationPayload)


def mutation(
    payload: Callable[..., Payload], description: str
) -> Callable[[Callable[..., Awaitable[Payload]]], Any]:
    """Declare a mutation whose resolver returns `payload`, or raises an error that belongs into its `errors`."""

    def declared(resolve: Callable[..., Awaitable[Payload]]) -> Any:
        return strawberry.mutation(errors_in_payload(payload)(resolve), description=description)

    return declared
