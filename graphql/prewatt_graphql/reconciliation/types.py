"""Types of reconciled meters."""

from datetime import date, datetime
from typing import Self

import strawberry

from prewatt_graphql.connection import PageInfo, encode_cursor
from prewatt_graphql.quantities import Money, maybe_money, money
from prewatt_platform.reconciliation.checks import FINDINGS_MAX
from prewatt_platform.reconciliation.models import Verification as VerificationRow
from prewatt_platform.reconciliation.rules import Use
from prewatt_platform.reconciliation.service import Reconciled

ORDER = "reconciliation"
"""Name of the list's only order, by meter number."""


@strawberry.type(description="Charge of the energy between two readings, beside what the meter deducted.")
class ReconciledUse:
    """Built by `use_of`."""

    since: datetime = strawberry.field(
        description="Time of the earlier reading: the earliest, at most 35 days back, since which prices are the same."
    )
    until: datetime = strawberry.field(description="Time of the latest reading.")
    charge: Money = strawberry.field(description="Energy of each rate × its price, rounded once.")
    deducted: Money = strawberry.field(
        description="Earlier remaining + purchases in between − latest remaining."
    )
    tolerance: Money = strawberry.field(
        description="One count of each rate's energy register at its price, and 0.01."
    )
    agrees: bool = strawberry.field(description="Whether both are equal within the tolerance.")


def use_of(use: Use, currency: str) -> ReconciledUse:
    """The API type of a compared use."""
    return ReconciledUse(
        since=use.since,
        until=use.until,
        charge=money(use.charge_fen, currency),
        deducted=money(use.deducted_fen, currency),
        tolerance=money(use.tolerance_fen, currency),
        agrees=use.agrees,
    )


@strawberry.type(
    description="A meter with credit of its own: what ledger and orders say beside what its latest fresh reading shows. Expected values are null until the meter's opening values were read, shown values until it was read."
)
class MeterReconciliation:
    """One meter; `differences` is empty when both sides agree."""

    meter_number: str = strawberry.field(description="Number of the meter.")
    place: str = strawberry.field(description="Name of the metering point.")
    read_at: datetime | None = strawberry.field(description="When the meter was read.")
    purchase_count_expected: int | None = strawberry.field(
        description="Purchase count by the orders that were applied when the meter was read."
    )
    purchase_count_shown: int | None = strawberry.field(description="Purchase count in the meter.")
    total_purchased_expected: Money | None = strawberry.field(
        description="Total purchased by the orders that were applied when the meter was read."
    )
    total_purchased_shown: Money | None = strawberry.field(description="Total purchased in the meter.")
    order_under_way: Money | None = strawberry.field(
        description="Amount of an order that the meter may show already; null without one."
    )
    delivered: Money | None = strawberry.field(
        description="Credit handed to the meter, by the ledger; includes orders applied since the reading."
    )
    remaining: Money | None = strawberry.field(description="Credit in the meter; negative when in debt.")
    use: ReconciledUse | None = strawberry.field(
        description="Deductions beside energy and prices; null when no two readings can be compared."
    )
    on_hold: str | None = strawberry.field(
        description="Why no money may be sent to the meter; null: no hold."
    )
    differences: list[str] = strawberry.field(
        description="Each difference with both sides; empty when all agree."
    )

    @classmethod
    def of(cls, row: Reconciled, currency: str) -> Self:
        """The API type of a reconciled meter."""
        due, shown = row.due, row.shown
        return cls(
            meter_number=row.number,
            place=row.place,
            read_at=None if shown is None else shown.at,
            purchase_count_expected=None if due is None else due.count,
            purchase_count_shown=None if shown is None else shown.purchase_count,
            total_purchased_expected=maybe_money(None if due is None else due.total_fen, currency),
            total_purchased_shown=maybe_money(None if shown is None else shown.total_purchased_fen, currency),
            order_under_way=maybe_money(None if due is None else due.open_fen, currency),
            delivered=maybe_money(None if due is None else due.delivered_fen, currency),
            remaining=maybe_money(None if shown is None else shown.remaining_fen, currency),
            use=None if row.use is None else use_of(row.use, currency),
            on_hold=row.on_hold,
            differences=list(row.differences),
        )


@strawberry.type(description="A reconciled meter in the list, with its cursor.")
class MeterReconciliationEdge:
    """One meter of a page."""

    cursor: str = strawberry.field(description="Cursor of this meter, for `after`.")
    node: MeterReconciliation = strawberry.field(description="The meter.")


@strawberry.type(description="One page of reconciled meters, by meter number.")
class MeterReconciliationConnection:
    """Built by `connection_of`."""

    edges: list[MeterReconciliationEdge] = strawberry.field(description="Meters of the page.")
    page_info: PageInfo = strawberry.field(description="Position of the page in the list.")


def connection_of(rows: list[Reconciled], currency: str, *, more: bool) -> MeterReconciliationConnection:
    """A page of reconciled meters."""
    edges = [
        MeterReconciliationEdge(
            cursor=encode_cursor(ORDER, row.number), node=MeterReconciliation.of(row, currency)
        )
        for row in rows
    ]
    end = PageInfo(has_next_page=more, end_cursor=edges[-1].cursor if edges else None)
    return MeterReconciliationConnection(edges=edges, page_info=end)


@strawberry.type(description="One place where the rows are not as promised, with both sides.")
class Finding:
    """API form of `reconciliation.checks.Finding`."""

    subject: str = strawberry.field(description="The row, order or meter.")
    expected: str = strawberry.field(description="What is promised.")
    found: str = strawberry.field(description="What is there.")


@strawberry.type(description="Result of one check.")
class VerificationOutcome:
    """API form of `reconciliation.service.Outcome`."""

    code: str = strawberry.field(description="Code of the check, such as M1; the list is in the manual.")
    promise: str = strawberry.field(description="What it proves.")
    findings: int = strawberry.field(description="How many findings; 0: the promise holds.")
    first: list[Finding] = strawberry.field(description=f"The first {FINDINGS_MAX} findings.")


@strawberry.type(description="One night's proof that ledger, orders, audit trail and meters agree.")
class Verification:
    """API form of `reconciliation.models.Verification`."""

    day: date = strawberry.field(description="Day of the project's zone.")
    at: datetime = strawberry.field(description="When it ran.")
    clean: bool = strawberry.field(description="Whether every check held.")
    findings: int = strawberry.field(description="Findings over all checks.")
    outcomes: list[VerificationOutcome] = strawberry.field(description="Each check.")

    @classmethod
    def of(cls, row: VerificationRow) -> Self:
        """The API type of a kept verification."""
        outcomes = [
            VerificationOutcome(
                code=outcome["code"],
                promise=outcome["promise"],
                findings=outcome["findings"],
                first=[Finding(**finding) for finding in outcome["first"]],
            )
            for outcome in row.outcomes
        ]
        return cls(day=row.day, at=row.at, clean=not row.findings, findings=row.findings, outcomes=outcomes)
