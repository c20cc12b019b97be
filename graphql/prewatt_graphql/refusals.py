"""Records refused attempts in the audit chain of the request's project: who asked for what, and why it was refused.

Recorded are mutations that answered with errors, and fields whose permission was missing. The refused request was rolled
back, so the event has a unit of work of its own. Without a credential for a project there is no chain to write to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Final

from graphql import GraphQLError

from prewatt_graphql.context import Context
from prewatt_graphql.errors import Forbidden, UserError
from prewatt_platform.kernel import audit

TEXT_LENGTH_MAX: Final = 200
LIST_LENGTH_MAX: Final = 20
"""Bounds of what one event keeps of a request."""

_SECRETS: Final = ("password", "token", "secret", "authorization")
HIDDEN: Final = "(hidden)"


async def record_refused_mutation(
    context: Context, mutation: str, input: Any, errors: Sequence[UserError]
) -> None:
    """Record a mutation that answered with errors."""
    if context.chosen is None:
        return
    async with context.work() as work:
        audit.record(
            work,
            "refused",
            mutation,
            request=context.request_id,
            asked=plain(input),
            errors=[
                {"code": error.code.name, "message": error.message, "path": error.path}
                for error in errors[:LIST_LENGTH_MAX]
            ],
        )


async def record_missing_permissions(
    context: Context, errors: Sequence[GraphQLError] | None, variables: Mapping[str, Any] | None
) -> None:
    """Record the fields of a request that the operator's role does not allow."""
    denied = [error for error in errors or () if isinstance(error.original_error, Forbidden)]
    if not denied or context.chosen is None:
        return
    async with context.work() as work:
        for error in denied[:LIST_LENGTH_MAX]:
            audit.record(
                work,
                "refused",
                ".".join(str(part) for part in error.path or ()),
                request=context.request_id,
                asked=plain(variables or {}),
                errors=[{"code": Forbidden.code, "message": str(error.original_error), "path": None}],
            )


def plain(value: Any) -> Any:
    """A request's value as JSON without secrets; long texts and lists are cut."""
    if is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): HIDDEN if _is_secret(str(name)) else plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        kept = [plain(each) for each in value[:LIST_LENGTH_MAX]]
        return [*kept, f"and {len(value) - len(kept)} more"] if len(value) > len(kept) else kept
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, bool | int):
        return value
    text = str(value)
    return text if len(text) <= TEXT_LENGTH_MAX else f"{text[:TEXT_LENGTH_MAX]}…"


def _is_secret(name: str) -> bool:
    return any(secret in name.lower() for secret in _SECRETS)
