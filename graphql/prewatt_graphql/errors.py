"""Errors that clients see: payload errors and top-level errors.

Errors that a person can act on are in the payload of a mutation: `errors: [UserError!]!`. Everything else is a top-level
error with `extensions.code` and `extensions.requestId`: no credential, no project, no permission, malformed, over a
limit. An unexpected exception is logged with its request id and masked as INTERNAL, without any of its text.

RequestError            top-level error with its code
    Unauthenticated     no valid credential
    ProjectRequired     no project named, or none that the credential may use: not distinguished
    Forbidden           names the missing permission, never the object
    BadInput            malformed or out of range; in a mutation it becomes a payload error with its path
    LimitExceeded       deeper, wider, longer or larger than allowed
"""

import re
from collections.abc import Awaitable, Callable
from enum import Enum
from functools import wraps
from typing import Final, ParamSpec, TypeVar

import strawberry
import structlog
from graphql import GraphQLError, GraphQLSyntaxError
from graphql.validation.validate import ValidationAbortedError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.utils.str_converters import to_camel_case

from prewatt_platform.accounts.errors import (
    AlarmsDoNotFit,
    AlreadyOpened,
    AmountRefused,
    CustomerNameMissing,
    MeterOnHold,
    NoFreshReading,
    NotCancellable,
    NotDisputed,
    NotOnHold,
    NotOpened,
    NotRefundable,
    NotReversible,
    OrderDisputed,
    OrderOpen,
    OverHoardingLimit,
    PolicyChanged,
    PolicyRefused,
    TermRefused,
    UnknownOrder,
    UnknownReceipt,
)
from prewatt_platform.charges.errors import ChargesNotReversible, NoEnergyAt, UnknownDocument, WeightRefused
from prewatt_platform.control.errors import CommandChanged, IdempotencyMismatch, NotPrepaid, ReasonMissing
from prewatt_platform.control.rows import MeterTwice, RowRefusal, RowsRefused
from prewatt_platform.grants.errors import AllowanceGiven
from prewatt_platform.kernel.errors import PlatformError
from prewatt_platform.metering.errors import GatewayUnreachable, UnknownMeter
from prewatt_platform.operators.errors import NotAllowed, Throttled, WrongCredentials
from prewatt_platform.tariffs.errors import (
    NotDownloadable,
    PlanNameTaken,
    PlanRefused,
    TargetRefused,
    UnknownPlan,
    VersionInThePast,
)
from prewatt_platform.tills.errors import DayRefused, NothingToClose, TillsOpen

_log = structlog.get_logger(__name__)


@strawberry.enum(description="Code of a payload error, for programs. New codes may be added.")
class ErrorCode(Enum):
    """Codes of payload errors."""

    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="This project has no object of that name.")
    BAD_INPUT = strawberry.enum_value(
        "BAD_INPUT", description="A value is malformed or out of range; `path` names it."
    )
    IDEMPOTENCY_MISMATCH = strawberry.enum_value(
        "IDEMPOTENCY_MISMATCH", description="The idempotency key was used before with other content."
    )
    IN_PROGRESS = strawberry.enum_value(
        "IN_PROGRESS", description="Another request changes the same object now; retry."
    )
    WRONG_CREDENTIALS = strawberry.enum_value(
        "WRONG_CREDENTIALS", description="Name or password is wrong, or the operator is disabled."
    )
    THROTTLED = strawberry.enum_value(
        "THROTTLED",
        description="Too many wrong passwords for this name; the message gives the time to retry.",
    )
    NOT_PREPAID = strawberry.enum_value(
        "NOT_PREPAID", description="The meter does not work with prepaid credit, or is billed after use."
    )
    NOT_OPENED = strawberry.enum_value("NOT_OPENED", description="The metering point has no open account.")
    ALREADY_OPENED = strawberry.enum_value(
        "ALREADY_OPENED", description="The metering point has an account that is open or being opened."
    )
    ORDER_OPEN = strawberry.enum_value(
        "ORDER_OPEN",
        description="Another money order is being delivered to the meter; wait for its final state.",
    )
    METER_ON_HOLD = strawberry.enum_value(
        "METER_ON_HOLD",
        description="The meter's registers contradict the ledger; a person must decide before money is sent.",
    )
    NOT_DISPUTED = strawberry.enum_value(
        "NOT_DISPUTED", description="The order is not disputed, or cannot end that way."
    )
    ORDER_DISPUTED = strawberry.enum_value(
        "ORDER_DISPUTED", description="A disputed order of the meter has to be resolved first."
    )
    NOTHING_TO_CLOSE = strawberry.enum_value(
        "NOTHING_TO_CLOSE", description="No money moved since the last closing."
    )
    TILLS_OPEN = strawberry.enum_value(
        "TILLS_OPEN", description="Tills that hold money have to be closed before the day."
    )
    NOT_REFUNDABLE = strawberry.enum_value(
        "NOT_REFUNDABLE",
        description="More than the credit that was paid and not used; the message says how much can be.",
    )
    NOT_REVERSIBLE = strawberry.enum_value(
        "NOT_REVERSIBLE",
        description="The sale, or the fees, cannot be reversed (any more); the message says why.",
    )
    OVER_HOARDING_LIMIT = strawberry.enum_value(
        "OVER_HOARDING_LIMIT", description="The meter would hold more credit than the project allows."
    )
    VERSION_CONFLICT = strawberry.enum_value(
        "VERSION_CONFLICT", description="Somebody else changed it meanwhile; read it again."
    )
    ALREADY_GRANTED = strawberry.enum_value(
        "ALREADY_GRANTED", description="The metering point has its allowance of that month."
    )
    NOT_CANCELLABLE = strawberry.enum_value(
        "NOT_CANCELLABLE",
        description="The order is over, or nobody can prove that the meter does not get it; the message says why.",
    )
    NOT_ON_HOLD = strawberry.enum_value("NOT_ON_HOLD", description="The meter is not on hold.")
    READING_NEEDED = strawberry.enum_value(
        "READING_NEEDED",
        description="The decision needs a reading of the last ten minutes; refresh the meter first.",
    )
    GATEWAY_UNREACHABLE = strawberry.enum_value(
        "GATEWAY_UNREACHABLE", description="The address of the meter's gateway is not known."
    )


@strawberry.interface(description="An error that the caller can act on.")
class UserError:
    """One entry of a payload's `errors`."""

    code: ErrorCode = strawberry.field(description="Code of the error.")
    message: str = strawberry.field(description="The error in English, with the names and values concerned.")
    path: list[str] | None = strawberry.field(
        description='Path of the value from the mutation\'s arguments, such as `["input", "amount"]`; null when none is at fault.'
    )


@strawberry.type(description="An error with code, message and path only.")
class Problem(UserError):
    """The only implementation of `UserError`; add another when an error carries data that clients use."""


class RequestError(Exception):
    """Base of top-level errors."""

    code: str


class Unauthenticated(RequestError):
    """No valid credential came with the request."""

    code = "UNAUTHENTICATED"

    def __init__(self) -> None:
        super().__init__("sign in first, and send Authorization: Bearer <token>")


class ProjectRequired(RequestError):
    """No project was named, or none that the credential may use."""

    code = "PROJECT_REQUIRED"

    def __init__(self) -> None:
        super().__init__("choose one of your projects with X-Project: <code>")


class Forbidden(RequestError):
    """The role lacks a permission."""

    code = "FORBIDDEN"

    def __init__(self, permission: str) -> None:
        super().__init__(f"needs the permission {permission}")


class BadInput(RequestError):
    """A value is malformed or out of range; `path` is its path from the field's arguments."""

    code = "BAD_INPUT"

    def __init__(self, message: str, *path: str) -> None:
        self.path = path
        super().__init__(message)


class LimitExceeded(RequestError):
    """A request exceeds a limit of `limit_values`; the message names the limit."""

    code = "LIMIT_EXCEEDED"


_METER: Final = ("input", "meterNumber")

_PAYLOAD_ERRORS: Final[dict[type[PlatformError], tuple[ErrorCode, tuple[str, ...]]]] = {
    UnknownMeter: (ErrorCode.NOT_FOUND, _METER),
    GatewayUnreachable: (ErrorCode.GATEWAY_UNREACHABLE, _METER),
    NotPrepaid: (ErrorCode.NOT_PREPAID, _METER),
    IdempotencyMismatch: (ErrorCode.IDEMPOTENCY_MISMATCH, ("input", "idempotencyKey")),
    CommandChanged: (ErrorCode.IN_PROGRESS, ()),
    AlreadyOpened: (ErrorCode.ALREADY_OPENED, _METER),
    NotOpened: (ErrorCode.NOT_OPENED, _METER),
    OrderOpen: (ErrorCode.ORDER_OPEN, _METER),
    MeterOnHold: (ErrorCode.METER_ON_HOLD, _METER),
    NothingToClose: (ErrorCode.NOTHING_TO_CLOSE, ()),
    TillsOpen: (ErrorCode.TILLS_OPEN, ()),
    DayRefused: (ErrorCode.BAD_INPUT, ("input", "day")),
    NotRefundable: (ErrorCode.NOT_REFUNDABLE, ("input", "amount")),
    NotReversible: (ErrorCode.NOT_REVERSIBLE, ("input", "receiptNumber")),
    OverHoardingLimit: (ErrorCode.OVER_HOARDING_LIMIT, ("input", "amount")),
    PolicyChanged: (ErrorCode.VERSION_CONFLICT, ("input", "expectedVersion")),
    UnknownReceipt: (ErrorCode.NOT_FOUND, ("input", "receiptNumber")),
    NotCancellable: (ErrorCode.NOT_CANCELLABLE, ("input", "receiptNumber")),
    AllowanceGiven: (ErrorCode.ALREADY_GRANTED, _METER),
    MeterTwice: (ErrorCode.BAD_INPUT, _METER),
    UnknownDocument: (ErrorCode.NOT_FOUND, ("input", "document")),
    ChargesNotReversible: (ErrorCode.NOT_REVERSIBLE, ("input", "document")),
    NoEnergyAt: (ErrorCode.READING_NEEDED, _METER),
    WeightRefused: (ErrorCode.BAD_INPUT, ("input", "weight")),
    UnknownOrder: (ErrorCode.NOT_FOUND, ("input", "order")),
    NotDisputed: (ErrorCode.NOT_DISPUTED, ("input", "order")),
    OrderDisputed: (ErrorCode.ORDER_DISPUTED, _METER),
    NotOnHold: (ErrorCode.NOT_ON_HOLD, _METER),
    NoFreshReading: (ErrorCode.READING_NEEDED, ()),
    ReasonMissing: (ErrorCode.BAD_INPUT, ("input", "reason")),
    AmountRefused: (ErrorCode.BAD_INPUT, ("input", "amount")),
    CustomerNameMissing: (ErrorCode.BAD_INPUT, ("input", "customerName")),
    AlarmsDoNotFit: (ErrorCode.BAD_INPUT, ("input", "alarmAmount1")),
    PlanNameTaken: (ErrorCode.BAD_INPUT, ("input", "name")),
    NotDownloadable: (ErrorCode.BAD_INPUT, _METER),
    UnknownPlan: (ErrorCode.NOT_FOUND, ("input", "plan")),
    VersionInThePast: (ErrorCode.BAD_INPUT, ("input", "validFrom")),
    WrongCredentials: (ErrorCode.WRONG_CREDENTIALS, ()),
    Throttled: (ErrorCode.THROTTLED, ()),
}
"""Code and path of each platform error in a payload. An error that is not listed is a fault of ours and masked."""

_SUGGESTION: Final = re.compile(r" Did you mean [^?]*\?")
"""Suggestion that graphql-core adds to a message. It is removed: guessing must not reveal names of the schema."""

Asked = ParamSpec("Asked")
Payload = TypeVar("Payload")


def errors_in_payload(
    payload: Callable[..., Payload],
) -> Callable[[Callable[Asked, Awaitable[Payload]]], Callable[Asked, Awaitable[Payload]]]:
    """Decorator: turn a resolver's `BadInput` and listed platform errors into `payload(errors=[...])`."""

    def wrapped(resolve: Callable[Asked, Awaitable[Payload]]) -> Callable[Asked, Awaitable[Payload]]:
        @wraps(resolve)
        async def answer(*args: Asked.args, **kwargs: Asked.kwargs) -> Payload:
            try:
                return await resolve(*args, **kwargs)
            except BadInput as wrong:
                return payload(errors=[_problem(ErrorCode.BAD_INPUT, wrong, wrong.path)])
            except TermRefused as wrong:
                term = ("input", to_camel_case(wrong.term))
                return payload(errors=[_problem(ErrorCode.BAD_INPUT, wrong, term)])
            except PolicyRefused as wrong:
                rule = ("input", to_camel_case(wrong.rule))
                return payload(errors=[_problem(ErrorCode.BAD_INPUT, wrong, rule)])
            except (PlanRefused, TargetRefused) as wrong:
                return payload(errors=[_problem(ErrorCode.BAD_INPUT, wrong, ("input", wrong.key))])
            except RowsRefused as refused:
                return payload(errors=[_row_problem(each) for each in refused.refusals])
            except PlatformError as wrong:
                known = _PAYLOAD_ERRORS.get(type(wrong))
                if known is None:
                    raise
                code, path = known
                return payload(errors=[_problem(code, wrong, path)])

        return answer

    return wrapped


def row_error(error: str) -> tuple[ErrorCode, str]:
    """Code, and field of the row, of an error in a row, by the name of its type."""
    code, path = _ROW_ERRORS[error]
    return code, path[-1]


_ROW_ERRORS: Final = {kind.__name__: known for kind, known in _PAYLOAD_ERRORS.items()}


def _row_problem(refusal: RowRefusal) -> Problem:
    code, field = row_error(refusal.error)
    return Problem(code=code, message=refusal.message, path=["input", "rows", str(refusal.row), field])


def _problem(code: ErrorCode, wrong: Exception, path: tuple[str, ...]) -> Problem:
    return Problem(code=code, message=str(wrong), path=list(path) or None)


def report(error: GraphQLError, request_id: str) -> GraphQLError:
    """The error for the client, with code and request id. An unexpected error is logged and masked."""
    code, message = _code_and_message(error)
    if should_mask_error(error):
        reason = error.original_error or error
        _log.error("request failed", request_id=request_id, path=error.path, exc_info=reason)
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={"code": code, "requestId": request_id},
    )


def top_level_error(code: str, message: str, request_id: str) -> dict[str, object]:
    """A top-level error, for requests that are refused before GraphQL runs."""
    return {"message": message, "extensions": {"code": code, "requestId": request_id}}


def should_mask_error(error: GraphQLError) -> bool:
    """Whether the error is unexpected (INTERNAL), so that its text is not sent to the client."""
    return _code_and_message(error)[0] == "INTERNAL"


def _code_and_message(error: GraphQLError) -> tuple[str, str]:
    cause = error.original_error or error
    if isinstance(cause, RequestError):
        return cause.code, str(cause)
    if isinstance(cause, NotAllowed):
        return Forbidden.code, str(cause)
    if isinstance(cause, GraphQLSyntaxError):
        parser_limit = cause.message.endswith("Parsing aborted.")
        return (LimitExceeded if parser_limit else BadInput).code, cause.message
    if isinstance(cause, ValidationAbortedError):
        return LimitExceeded.code, "the document has too many errors, or too many repeated fields"
    if isinstance(cause, InvalidOperationTypeError):
        return BadInput.code, "only subscriptions run over WebSocket, and everything else over POST"
    if isinstance(cause, MissingQueryError):
        return BadInput.code, "there is no document to run"
    if isinstance(cause, CannotGetOperationTypeError):
        return BadInput.code, cause.as_http_error_reason()
    if type(cause) is GraphQLError and (error.path is None or cause.nodes):
        # graphql-core's own words on a document, its variables or (those know their place) its arguments
        return BadInput.code, _SUGGESTION.sub("", error.message)
    return "INTERNAL", "something went wrong on our side; the request id leads us to it"
