"""Mutation `grantCreate`: allowances and subsidies, one meter or many."""

from datetime import date
from decimal import Decimal
from enum import Enum

import strawberry

from prewatt_graphql.accounts.types import Sale
from prewatt_graphql.context import Info
from prewatt_graphql.errors import BadInput, ErrorCode, row_error
from prewatt_graphql.payloads import IdempotentInput, IdempotentPayload, Input, mutation, reason_field
from prewatt_graphql.quantities import fen_of
from prewatt_platform.control.rows import RowRefusal
from prewatt_platform.grants.models import GrantKind as GrantKindRow
from prewatt_platform.grants.service import ROWS_MAX, GrantRow, GrantService, GrantTerms


@strawberry.enum(description="Kind of a grant.")
class GrantKind(Enum):
    """`grants.models.GrantKind`."""

    ALLOWANCE = strawberry.enum_value(
        "ALLOWANCE", description="Free credit of one month; once for a metering point and month."
    )
    SUBSIDY = strawberry.enum_value("SUBSIDY", description="A subsidy.")


@strawberry.enum(description="What happens when rows of a request are refused.")
class ErrorPolicy(Enum):
    """Policy of a request with rows."""

    ALL_OR_NOTHING = strawberry.enum_value(
        "ALL_OR_NOTHING", description="Nothing is done; `errors` names each refused row."
    )
    SKIP_FAILED = strawberry.enum_value(
        "SKIP_FAILED", description="The other rows are done; `refused` names each refused row."
    )


@strawberry.input(description="One meter and the credit that it gets.")
class GrantRowInput:
    """Row of `grantCreate`."""

    meter_number: str = strawberry.field(
        description="Number of the meter, ten characters; its account must be OPEN."
    )
    amount: Decimal = strawberry.field(description="Credit, project currency, at most 2 decimals.")


@strawberry.input(description="Grants to meters.")
class GrantCreateInput(IdempotentInput):
    """Input of `grantCreate`."""

    kind: GrantKind = strawberry.field(description="Allowance or subsidy.")
    programme: str = strawberry.field(
        description="Name of the programme that the money comes from, 1 to 60 characters."
    )
    month: date | None = strawberry.field(
        default=None, description="First day of an allowance's month, not in the future; null for a subsidy."
    )
    reason: str = reason_field()
    rows: list[GrantRowInput] = strawberry.field(description=f"1 to {ROWS_MAX} rows, each of another meter.")
    error_policy: ErrorPolicy = strawberry.field(
        default=ErrorPolicy.ALL_OR_NOTHING, description="What happens when rows are refused."
    )


@strawberry.type(description="A row that was refused.")
class RefusedRow:
    """API form of `control.rows.RowRefusal`."""

    row: int = strawberry.field(description="Number of the row in the request, from 0.")
    field: str = strawberry.field(description="Field of the row that is at fault.")
    code: ErrorCode = strawberry.field(description="Code of the error.")
    message: str = strawberry.field(description="The error in English.")

    @classmethod
    def of(cls, refusal: RowRefusal) -> "RefusedRow":
        """The API type of a refusal."""
        code, field = row_error(refusal.error)
        return cls(row=refusal.row, field=field, code=code, message=refusal.message)


@strawberry.type(description="Result of `grantCreate`.")
class GrantCreatePayload(IdempotentPayload):
    """Payload of `grantCreate`."""

    grants: list[Sale] = strawberry.field(
        default_factory=list,
        description="The grants, in the order of the rows; each is delivered like a sale.",
    )
    refused: list[RefusedRow] = strawberry.field(
        default_factory=list, description="With SKIP_FAILED, the rows that were refused."
    )


@strawberry.type
class GrantMutations:
    """Root mutation on grants."""

    @mutation(
        GrantCreatePayload,
        "Grant credit to meters. Each row becomes an order that is delivered exactly once, like a sale; its money comes from the "
        "programme and is never paid out: a refund takes paid money only, and granted credit counts as used first. An allowance "
        "is given once for a metering point and month. Errors: NOT_FOUND, NOT_PREPAID, NOT_OPENED, ORDER_OPEN, METER_ON_HOLD, "
        "ALREADY_GRANTED, GATEWAY_UNREACHABLE, BAD_INPUT, IDEMPOTENCY_MISMATCH; the path of a row's error is "
        "`input.rows.<number>.<field>`.",
    )
    async def grant_create(self, info: Info, input: Input[GrantCreateInput]) -> GrantCreatePayload:
        project = info.context.membership.project
        terms = GrantTerms(GrantKindRow(input.kind.name), input.programme, input.month, input.reason)
        rows = [GrantRow(row.meter_number, _fen(row.amount, number)) for number, row in enumerate(input.rows)]
        async with info.context.work() as work:
            granted, replayed = await GrantService(work).grant(
                input.idempotency_key,
                terms,
                rows,
                skip_refused=input.error_policy is ErrorPolicy.SKIP_FAILED,
            )
        return GrantCreatePayload(
            grants=[Sale.of(order, project) for order in granted.orders],
            refused=[RefusedRow.of(refusal) for refusal in granted.refusals],
            replayed=replayed,
        )


def _fen(amount: Decimal, number: int) -> int:
    try:
        return fen_of(amount, "amount")
    except BadInput as wrong:
        raise BadInput(str(wrong), "input", "rows", str(number), "amount") from wrong
