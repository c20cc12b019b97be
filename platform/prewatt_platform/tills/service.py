"""Closes tills and days. A till is a ledger account, so what it should hold is never typed in, only counted against."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from prewatt_platform.control.idempotency import once_row
from prewatt_platform.control.reason import given_reason
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.audit import AuditRepository
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger.models import Step, TransferKind
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKey, AccountKind, Line
from prewatt_platform.ledger.service import Ledger
from prewatt_platform.projects.models import Project
from prewatt_platform.projects.repository import ProjectRepository
from prewatt_platform.tills.errors import DayRefused, NothingToClose, TillsOpen
from prewatt_platform.tills.models import DayClosing, TillClosing
from prewatt_platform.tills.repository import TillRepository

CASH = "cash"
"""Owner of the accounts of cash that was handed over, and of cash that was missing."""


@dataclass(frozen=True, slots=True)
class Till:
    """An operator's till since its last closing. Amounts in fen."""

    since: datetime | None
    taken_fen: int
    refunded_fen: int
    reversed_fen: int
    sequence: int

    @property
    def expected_fen(self) -> int:
        """What it should hold."""
        return self.taken_fen - self.refunded_fen - self.reversed_fen


class TillService:
    """Tills of one project, inside one unit of work of an operator."""

    def __init__(self, work: Work) -> None:
        assert work.scope.actor.id is not None, "only operators have tills"
        self._work = work
        self._operator_id = work.scope.actor.id
        self._key = AccountKey(AccountKind.TILL, str(self._operator_id))
        self._tills = TillRepository(work)
        self._ledger = LedgerRepository(work)

    async def till(self) -> Till:
        """The acting operator's till as it is now."""
        last = await self._tills.latest(self._operator_id)
        moved = await self._ledger.moved_by_kind(self._key, 0 if last is None else last.until_sequence)
        return Till(
            since=None if last is None else last.closed_at,
            taken_fen=-moved.fen.get(TransferKind.SALE, 0),
            refunded_fen=moved.fen.get(TransferKind.REFUND, 0),
            reversed_fen=moved.fen.get(TransferKind.REVERSAL, 0),
            sequence=moved.last_sequence,
        )

    async def close(self, key: UUID, counted_fen: int, reason: str | None) -> tuple[TillClosing, bool]:
        """Hand over the cash of the acting operator's till; (closing, replayed). A difference needs a reason.

        `NothingToClose`, `ReasonMissing`, `IdempotencyMismatch`.
        """

        async def make() -> UUID:
            # the project's row keeps the numbers without gaps, the balance's row keeps the till as it is
            project = await self._locked_project()
            await self._ledger.locked_balance_fen(self._key)
            till = await self.till()
            if not till.sequence:
                raise NothingToClose
            given = None if reason is None or not reason.strip() else given_reason(reason)
            if counted_fen != till.expected_fen:
                given = given_reason(reason or "")
            closing = TillClosing(
                project_id=self._work.project_id,
                id=self._work.new_id(),
                number=await self._tills.next_number(),
                operator_id=self._operator_id,
                operator_name=self._work.scope.actor.name,
                opened_at=till.since,
                closed_at=self._work.clock.now(),
                taken_fen=till.taken_fen,
                refunded_fen=till.refunded_fen,
                reversed_fen=till.reversed_fen,
                counted_fen=counted_fen,
                reason=given,
                until_sequence=till.sequence,
            )
            closing.until_sequence += await self._hand_over(closing, project.currency)
            await self._tills.add(closing)
            audit.record(
                self._work,
                "till closed",
                f"till of {closing.operator_name}",
                number=closing.number,
                expected_fen=closing.expected_fen,
                counted_fen=counted_fen,
                reason=given,
            )
            return closing.id

        content = {"counted_fen": counted_fen, "reason": reason}
        closing_id, replayed = await once_row(self._work, "tillClose", key, content, make)
        closing = await self._tills.by_id(closing_id)
        assert closing is not None, "closings are never deleted"
        return closing, replayed

    async def _hand_over(self, closing: TillClosing, currency: str) -> int:
        """Post the handover; how many entries the till got by it."""
        difference_fen = closing.expected_fen - closing.counted_fen
        lines = [
            Line(self._key, closing.expected_fen),
            Line(AccountKey(AccountKind.VAULT, CASH), -closing.counted_fen),
            Line(AccountKey(AccountKind.CASH_DIFFERENCE, CASH), -difference_fen),
        ]
        moving = [line for line in lines if line.amount_fen]
        if moving:
            await Ledger(self._work, currency).post(
                TransferKind.HANDOVER,
                Step.POST,
                closing.id,
                moving,
                document=str(closing.number),
                reason=closing.reason,
            )
        return int(closing.expected_fen != 0)

    async def close_day(self, key: UUID, day: date) -> tuple[DayClosing, bool]:
        """End a business day with the tills' closings that belong to no day yet; (closing, replayed).

        `DayRefused`, `TillsOpen`, `NothingToClose`, `IdempotencyMismatch`.
        """

        async def make() -> UUID:
            project = await self._locked_project()
            today = self._work.clock.now().astimezone(ZoneInfo(project.timezone)).date()
            if day > today:
                raise DayRefused(day, f"has not come; today is {today}")
            if await self._tills.day(day) is not None:
                raise DayRefused(day, "is closed already")
            tills = await self._ledger.of_kind(AccountKind.TILL)
            still_open = [amount_fen for amount_fen in tills.values() if amount_fen]
            if still_open:
                raise TillsOpen(len(still_open))
            closings = await self._tills.of_day(None)
            if not closings:
                raise NothingToClose
            for closing in closings:
                closing.day = day
            closing_id = self._work.new_id()
            head = await AuditRepository(self._work).head()
            await self._tills.add(
                DayClosing(
                    project_id=self._work.project_id,
                    day=day,
                    id=closing_id,
                    closed_at=self._work.clock.now(),
                    operator_id=self._operator_id,
                    operator_name=self._work.scope.actor.name,
                    audit_sequence=head.sequence,
                    audit_hash=head.hash,
                )
            )
            audit.record(self._work, "day closed", f"day {day}", tills=[each.number for each in closings])
            return closing_id

        closing_id, replayed = await once_row(self._work, "dayClose", key, {"day": day.isoformat()}, make)
        closing = await self._tills.day_by_id(closing_id)
        assert closing is not None, "closings are never deleted"
        return closing, replayed

    async def _locked_project(self) -> Project:
        project = await ProjectRepository(self._work).by_id(self._work.project_id, for_update=True)
        assert project is not None, "a unit of work has a project"
        return project
