"""Verifies one project, and reconciles its meters one by one. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass

from prewatt_platform.kernel.audit import AuditRepository, Head
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.reconciliation import rules
from prewatt_platform.reconciliation.checks import CHECKS, FINDINGS_MAX, Finding, broken
from prewatt_platform.reconciliation.repository import OpenedMeter, ReconciliationRepository, registers_of
from prewatt_platform.reconciliation.rules import Delivery, Registers, Use

METERS_AT_ONCE = 200
"""Meters that `verify` reconciles with one set of queries; bounds its memory."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of one check: how many findings, and the first of them."""

    code: str
    promise: str
    findings: int
    first: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One meter: both sides, and each difference in words. `due` and `shown` None: not known yet."""

    number: str
    place: str
    due: Delivery | None
    shown: Registers | None
    use: Use | None
    on_hold: str | None
    differences: tuple[str, ...]


async def reconcile(work: Work, opened: Sequence[OpenedMeter]) -> list[Reconciled]:
    """Compare the latest fresh reading of each meter with ledger and orders, and with an earlier reading."""
    repository = ReconciliationRepository(work)
    readings = await repository.latest(opened)
    due = await repository.due(opened, readings)
    rows = []
    for each in opened:
        reading = readings.get(each.meter.id)
        shown = None if reading is None else registers_of(reading)
        use = None
        if reading is not None and shown is not None:
            earlier = await repository.comparable(each, reading)
            before = None if earlier is None else registers_of(earlier)
            use = None if before is None else rules.use_between(before, shown)
        rows.append(_reconciled(each, due.get(each.meter.id), shown, use))
    return rows


def _reconciled(
    each: OpenedMeter, due: Delivery | None, shown: Registers | None, use: Use | None
) -> Reconciled:
    differences = [] if due is None or shown is None else rules.delivery_differences(due, shown)
    if use is not None and not use.agrees:
        differences.append(
            f"{use.deducted_fen} fen deducted by the meter since {use.since:%Y-%m-%d %H:%M} UTC,"
            f" {use.charge_fen} fen by its energy and prices, tolerance {use.tolerance_fen} fen"
        )
    return Reconciled(
        each.meter.number, each.place, due, shown, use, each.meter.hold_reason, tuple(differences)
    )


async def verify(work: Work, exported: Head | None = None) -> list[Outcome]:
    """All checks of `CHECKS`, the meters (T7) and the audit chain. `work` is a snapshot."""
    outcomes = []
    for check in CHECKS:
        count, first = await broken(work, check)
        outcomes.append(Outcome(check.code, check.promise, count, first))
    return [*outcomes, await _meters(work), await _audit(work, exported)]


async def _meters(work: Work) -> Outcome:
    repository = ReconciliationRepository(work)
    findings: list[Finding] = []
    after = ""
    while opened := await repository.opened(after=after, limit=METERS_AT_ONCE):
        for row in await reconcile(work, opened):
            findings.extend(
                Finding(f"meter {row.number}", "ledger, orders and registers agree", difference)
                for difference in row.differences
            )
        after = opened[-1].meter.number
    promise = (
        "the meters' registers agree with ledger and orders, and their deductions with energy and prices"
    )
    return Outcome("T7", promise, len(findings), findings[:FINDINGS_MAX])


async def _audit(work: Work, exported: Head | None) -> Outcome:
    verdict = await AuditRepository(work).verify(exported)
    findings = [] if verdict.reason is None else [Finding("audit chain", "unbroken", verdict.reason)]
    promise = f"the audit chain of {verdict.events} events is unbroken"
    return Outcome("A1", promise, len(findings), findings)
