"""Mutations that charge fees: `chargeCreate` by row, `shareCreate` by shares of a total."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum

import strawberry

from prewatt_graphql.charges.types import Charge
from prewatt_graphql.context import Info
from prewatt_graphql.errors import BadInput
from prewatt_graphql.payloads import IdempotentInput, IdempotentPayload, Input, mutation, reason_field
from prewatt_graphql.quantities import MONEY_DECIMALS, Money, count_of, decimal, fen_of, money
from prewatt_platform.charges.models import Basis
from prewatt_platform.charges.service import (
    ROWS_MAX,
    ChargeRow,
    ChargeService,
    ChargeTerms,
    PlannedCharge,
    ShareTerms,
)

_WEIGHT_DECIMALS = 2

_ERRORS = (
    "NOT_FOUND, NOT_OPENED, BAD_INPUT, IDEMPOTENCY_MISMATCH; the path of a row's error is "
    "`input.rows.<number>.<field>`."
)


@strawberry.enum(description="What a share is in proportion to.")
class ShareBasis(Enum):
    """`charges.models.Basis`."""

    AREA = strawberry.enum_value("AREA", description="The weights of the rows, such as floor areas in m².")
    EQUAL = strawberry.enum_value("EQUAL", description="All rows alike.")
    USE = strawberry.enum_value(
        "USE", description="Energy used from `from` to `to`, by each meter's latest readings before them."
    )


@strawberry.input(description="A fee for the account of one meter.")
class ChargeRowInput:
    """Row of `chargeCreate`."""

    meter_number: str = strawberry.field(description="Number of the meter; its account must be OPEN.")
    amount: Decimal = strawberry.field(description="Fee, project currency, at most 2 decimals.")


@strawberry.input(description="Property fees to charge.")
class ChargeCreateInput(IdempotentInput):
    """Input of `chargeCreate`."""

    label: str = strawberry.field(description="What the fee is for, 1 to 60 characters.")
    reason: str = reason_field()
    rows: list[ChargeRowInput] = strawberry.field(description=f"1 to {ROWS_MAX} rows, each of another meter.")


@strawberry.type(description="Result of `chargeCreate`.")
class ChargeCreatePayload(IdempotentPayload):
    """Payload of `chargeCreate`."""

    document: str | None = strawberry.field(default=None, description="Number of the document.")
    charges: list[Charge] = strawberry.field(default_factory=list, description="The fees, by row.")


@strawberry.input(description="A meter that takes part in a share.")
class ShareRowInput:
    """Row of `shareCreate`."""

    meter_number: str = strawberry.field(description="Number of the meter; its account must be OPEN.")
    weight: Decimal | None = strawberry.field(
        default=None, description="With AREA: weight, 0 or more, at most 2 decimals."
    )


@strawberry.input(description="A total to be shared.")
class ShareCreateInput(IdempotentInput):
    """Input of `shareCreate`."""

    label: str = strawberry.field(description="What is shared, 1 to 60 characters.")
    total: Decimal = strawberry.field(
        description="Amount to be shared, project currency, at most 2 decimals."
    )
    basis: ShareBasis = strawberry.field(description="What the shares are in proportion to.")
    from_: datetime | None = strawberry.field(
        name="from", default=None, description="With USE: start of the period."
    )
    to: datetime | None = strawberry.field(default=None, description="With USE: end of the period.")
    reason: str = reason_field()
    rows: list[ShareRowInput] = strawberry.field(description=f"1 to {ROWS_MAX} rows, each of another meter.")
    dry_run: bool = strawberry.field(
        default=False, description="True: only show the shares; nothing is charged and the key is not used."
    )


@strawberry.type(description="Share of one row.")
class Share:
    """API form of `charges.service.PlannedCharge`."""

    meter_number: str = strawberry.field(description="Number of the meter.")
    place: str = strawberry.field(description="Name of its metering point.")
    weight: Decimal = strawberry.field(description="Weight: as given, 1 for EQUAL, kWh for USE.")
    amount: Money = strawberry.field(description="Share; all shares add up to the total exactly.")


@strawberry.type(description="Result of `shareCreate`.")
class ShareCreatePayload(IdempotentPayload):
    """Payload of `shareCreate`."""

    shares: list[Share] = strawberry.field(
        default_factory=list, description="With `dryRun`, the share of each row."
    )
    document: str | None = strawberry.field(
        default=None, description="Number of the document; null for a dry run."
    )
    charges: list[Charge] = strawberry.field(
        default_factory=list, description="The fees that were charged, by row; a share of 0 has none."
    )


@strawberry.input(description="Charged fees to undo.")
class ChargeReverseInput(IdempotentInput):
    """Input of `chargeReverse`."""

    document: str = strawberry.field(description="Number of the document.")
    reason: str = reason_field()


@strawberry.type(description="Result of `chargeReverse`.")
class ChargeReversePayload(IdempotentPayload):
    """Payload of `chargeReverse`."""

    document: str | None = strawberry.field(default=None, description="Number of the document.")
    total: Money | None = strawberry.field(default=None, description="Sum of the fees that were undone.")


@strawberry.type
class ChargeMutations:
    """Root mutations on charged fees."""

    @mutation(
        ChargeCreatePayload,
        "Charge property fees to accounts, all rows or none. Sales settle them, as `salesPolicy` says. Errors: "
        + _ERRORS,
    )
    async def charge_create(self, info: Info, input: Input[ChargeCreateInput]) -> ChargeCreatePayload:
        rows = [
            ChargeRow(row.meter_number, amount_fen=_count(row.amount, MONEY_DECIMALS, number, "amount"))
            for number, row in enumerate(input.rows)
        ]
        async with info.context.work() as work:
            batch, charges, replayed = await ChargeService(work).charge(
                input.idempotency_key, "chargeCreate", ChargeTerms(input.label, input.reason), rows
            )
        currency = info.context.membership.project.currency
        return ChargeCreatePayload(
            document=batch.document,
            charges=[Charge.of(row, batch, currency) for row in charges],
            replayed=replayed,
        )

    @mutation(
        ShareCreatePayload,
        "Share an amount, such as the cost of public use or losses, over accounts, and charge the shares as fees. The shares "
        "add up to the total exactly. Errors: READING_NEEDED, " + _ERRORS,
    )
    async def share_create(self, info: Info, input: Input[ShareCreateInput]) -> ShareCreatePayload:
        share = ShareTerms(fen_of(input.total, "total"), Basis(input.basis.name), input.from_, input.to)
        terms = ChargeTerms(input.label, input.reason, share)
        rows = [
            ChargeRow(
                row.meter_number,
                weight=None if row.weight is None else _count(row.weight, _WEIGHT_DECIMALS, number, "weight"),
            )
            for number, row in enumerate(input.rows)
        ]
        currency = info.context.membership.project.currency
        if input.dry_run:
            async with info.context.work() as work:
                planned = await ChargeService(work).plan(terms, rows)
            return ShareCreatePayload(shares=_shares(planned, share.basis, currency))
        async with info.context.work() as work:
            batch, charges, replayed = await ChargeService(work).charge(
                input.idempotency_key, "shareCreate", terms, rows
            )
        return ShareCreatePayload(
            document=batch.document,
            charges=[Charge.of(row, batch, currency) for row in charges],
            replayed=replayed,
        )

    @mutation(
        ChargeReversePayload,
        "Undo all fees of one document, once, while its accounts still owe them. Errors: NOT_FOUND, NOT_REVERSIBLE, "
        "BAD_INPUT, IDEMPOTENCY_MISMATCH.",
    )
    async def charge_reverse(self, info: Info, input: Input[ChargeReverseInput]) -> ChargeReversePayload:
        async with info.context.work() as work:
            batch, replayed = await ChargeService(work).reverse(
                input.idempotency_key, input.document, input.reason
            )
        total = money(batch.total_fen, info.context.membership.project.currency)
        return ChargeReversePayload(document=batch.document, total=total, replayed=replayed)


def _shares(planned: Sequence[PlannedCharge], basis: Basis, currency: str) -> list[Share]:
    decimals = 0 if basis == Basis.EQUAL else _WEIGHT_DECIMALS
    return [
        Share(
            meter_number=each.meter.number,
            place=each.point.place,
            weight=decimal(each.weight or 0, decimals),
            amount=money(each.amount_fen, currency),
        )
        for each in planned
    ]


def _count(value: Decimal, decimals: int, number: int, field: str) -> int:
    try:
        return count_of(value, decimals, field, field)
    except BadInput as wrong:
        raise BadInput(str(wrong), "input", "rows", str(number), field) from wrong
