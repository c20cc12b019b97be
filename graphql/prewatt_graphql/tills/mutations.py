"""Mutations that close a till and a day."""

from datetime import date
from decimal import Decimal

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.payloads import IdempotentInput, IdempotentPayload, Input, mutation
from prewatt_graphql.quantities import fen_of
from prewatt_graphql.tills.types import DayClosing, TillClosing
from prewatt_platform.tills.repository import TillRepository
from prewatt_platform.tills.service import TillService


@strawberry.input(description="The counted cash of the operator's own till.")
class TillCloseInput(IdempotentInput):
    """Input of `tillClose`."""

    counted: Decimal = strawberry.field(
        description="Cash in the till, project currency, at most 2 decimals; negative when more was paid out than taken."
    )
    reason: str | None = strawberry.field(
        default=None,
        description="Reason of a difference; required when counted and expected differ, at most 500 characters.",
    )


@strawberry.type(description="Result of `tillClose`.")
class TillClosePayload(IdempotentPayload):
    """Payload of `tillClose`."""

    till_closing: TillClosing | None = strawberry.field(default=None, description="The closing.")


@strawberry.input(description="A business day to close.")
class DayCloseInput(IdempotentInput):
    """Input of `dayClose`."""

    day: date = strawberry.field(description="Business day in the project's time zone, today or earlier.")


@strawberry.type(description="Result of `dayClose`.")
class DayClosePayload(IdempotentPayload):
    """Payload of `dayClose`."""

    day_closing: DayClosing | None = strawberry.field(default=None, description="The closing with its tills.")


@strawberry.type
class TillMutations:
    """Root mutations on tills."""

    @mutation(
        TillClosePayload,
        "Close the operator's own till at the end of a shift: the counted cash is compared with the till's account in the "
        "ledger and handed over. Errors: NOTHING_TO_CLOSE, BAD_INPUT, IDEMPOTENCY_MISMATCH.",
    )
    async def till_close(self, info: Info, input: Input[TillCloseInput]) -> TillClosePayload:
        counted_fen = fen_of(input.counted, "counted")
        async with info.context.work() as work:
            row, replayed = await TillService(work).close(input.idempotency_key, counted_fen, input.reason)
        closing = TillClosing.of(row, info.context.membership.project.currency)
        return TillClosePayload(till_closing=closing, replayed=replayed)

    @mutation(
        DayClosePayload,
        "Close a business day with all till closings that are in no day's closing yet. Every till has to be closed first. "
        "Errors: TILLS_OPEN, NOTHING_TO_CLOSE, BAD_INPUT, IDEMPOTENCY_MISMATCH.",
    )
    async def day_close(self, info: Info, input: Input[DayCloseInput]) -> DayClosePayload:
        async with info.context.work() as work:
            row, replayed = await TillService(work).close_day(input.idempotency_key, input.day)
            closings = await TillRepository(work).of_day(row.day)
        closing = DayClosing.of(row, closings, info.context.membership.project.currency)
        return DayClosePayload(day_closing=closing, replayed=replayed)
