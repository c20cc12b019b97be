"""Types of tills, and of closings of tills and days."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Self

import strawberry

from prewatt_graphql.quantities import Money, money
from prewatt_platform.tills.models import DayClosing as DayRow
from prewatt_platform.tills.models import TillClosing as ClosingRow
from prewatt_platform.tills.service import Till as TillNow


@strawberry.type(description="The operator's own till since its last closing.")
class Till:
    """API form of `tills.service.Till`."""

    operator_name: str = strawberry.field(description="Name of the operator.")
    since: datetime | None = strawberry.field(description="The last closing; null: never closed.")
    taken: Money = strawberry.field(
        description="Paid by customers, fees included, less orders that were voided."
    )
    refunded: Money = strawberry.field(description="Paid out for refunds.")
    reversed: Money = strawberry.field(description="Paid back for reversals of this till's sales.")
    expected: Money = strawberry.field(description="What it should hold: taken − refunded − reversed.")

    @classmethod
    def of(cls, till: TillNow, operator_name: str, currency: str) -> Self:
        """The API type of a till."""
        return cls(
            operator_name=operator_name,
            since=till.since,
            taken=money(till.taken_fen, currency),
            refunded=money(till.refunded_fen, currency),
            reversed=money(till.reversed_fen, currency),
            expected=money(till.expected_fen, currency),
        )


@strawberry.type(description="The end of an operator's shift: the till was counted and its cash handed over.")
class TillClosing:
    """API form of `tills.models.TillClosing`."""

    number: int = strawberry.field(
        description="Number of the closing; consecutive within the project, without gaps."
    )
    operator_name: str = strawberry.field(description="Whose till.")
    opened_at: datetime | None = strawberry.field(
        description="The operator's closing before; null: the first."
    )
    closed_at: datetime = strawberry.field(description="When it was closed.")
    taken: Money = strawberry.field(
        description="Paid by customers, fees included, less orders that were voided."
    )
    refunded: Money = strawberry.field(description="Paid out for refunds.")
    reversed: Money = strawberry.field(description="Paid back for reversals of this till's sales.")
    expected: Money = strawberry.field(description="What the till should hold.")
    counted: Money = strawberry.field(description="What was counted.")
    difference: Money = strawberry.field(description="Counted − expected; negative: cash is missing.")
    reason: str | None = strawberry.field(description="Reason of a difference; null without one.")

    @classmethod
    def of(cls, row: ClosingRow, currency: str) -> Self:
        """The API type of a till closing."""
        return cls(
            number=row.number,
            operator_name=row.operator_name,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            taken=money(row.taken_fen, currency),
            refunded=money(row.refunded_fen, currency),
            reversed=money(row.reversed_fen, currency),
            expected=money(row.expected_fen, currency),
            counted=money(row.counted_fen, currency),
            difference=money(row.counted_fen - row.expected_fen, currency),
            reason=row.reason,
        )


@strawberry.type(description="The end of a business day: the sum of its till closings.")
class DayClosing:
    """API form of `tills.models.DayClosing`."""

    day: date = strawberry.field(description="Business day, in the project's time zone.")
    closed_at: datetime = strawberry.field(description="When it was closed.")
    closed_by: str = strawberry.field(description="Name of the operator who closed it.")
    audit_sequence: int = strawberry.field(
        description="Number of the newest event of the audit chain at the closing; 0: there was none."
    )
    audit_hash: str = strawberry.field(
        description="Its hash, hexadecimal: printed with the closing it shows later whether the chain was rewritten."
    )
    tills: list[TillClosing] = strawberry.field(description="Till closings of the day, by number.")
    expected: Money = strawberry.field(description="What the tills should have held.")
    counted: Money = strawberry.field(description="What was counted.")
    difference: Money = strawberry.field(description="Counted − expected; negative: cash is missing.")

    @classmethod
    def of(cls, row: DayRow, closings: Sequence[ClosingRow], currency: str) -> Self:
        """The API type of a day closing."""
        expected_fen = sum(each.expected_fen for each in closings)
        counted_fen = sum(each.counted_fen for each in closings)
        return cls(
            day=row.day,
            closed_at=row.closed_at,
            closed_by=row.operator_name,
            audit_sequence=row.audit_sequence,
            audit_hash=row.audit_hash.hex(),
            tills=[TillClosing.of(each, currency) for each in closings],
            expected=money(expected_fen, currency),
            counted=money(counted_fen, currency),
            difference=money(counted_fen - expected_fen, currency),
        )
