"""Verifies one project, and reconciles its meters one by one. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from prewatt_platform.kernel.audit import AuditRepository, Head
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKey, AccountKind, Funding
from prewatt_platform.metering.models import Reading
from prewatt_platform.reconciliation import rules
from prewatt_platform.reconciliation.checks import CHECKS, FINDINGS_MAX, Finding, broken
from prewatt_platform.reconciliation.repository import (
    OpenedMeter,
    ReconciliationRepository,
    Sold,
    registers_of,
)
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
    due = await _due(work, opened, await repository.sold(opened, readings))
    comparable = await repository.comparable(opened, readings)
    rows = []
    for each in opened:
        shown = _registers(readings.get(each.meter.id))
        earlier = _registers(comparable.get(each.meter.id))
        use = None if earlier is None or shown is None else rules.use_between(earlier, shown)
        rows.append(_reconciled(each, due.get(each.meter.id), shown, use))
    return rows


async def _due(work: Work, opened: Sequence[OpenedMeter], sold: Mapping[UUID, Sold]) -> dict[UUID, Delivery]:
    """What each meter should show; a meter whose opening values were not read yet is absent."""
    delivered = {
        each.meter.id: [
            AccountKey(AccountKind.DELIVERED, str(each.meter.point_id), funding) for funding in Funding
        ]
        for each in opened
    }
    balances = await LedgerRepository(work).balances_fen([key for keys in delivered.values() for key in keys])
    found = {}
    for each in opened:
        if each.epoch.opening_count is None or each.epoch.opening_total_fen is None:
            continue
        orders = sold.get(each.meter.id, Sold())
        found[each.meter.id] = Delivery(
            opening_count=each.epoch.opening_count,
            opening_total_fen=each.epoch.opening_total_fen,
            applied_count=orders.applied_count,
            applied_fen=orders.applied_fen,
            posted_fen=orders.posted_fen,
            delivered_fen=sum(balances.get(key, 0) for key in delivered[each.meter.id]),
            open_fen=orders.open_fen,
            open_count=orders.open_count,
            open_fencing=orders.open_fencing,
        )
    return found


def _registers(reading: Reading | None) -> Registers | None:
    return None if reading is None else registers_of(reading)


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
