"""Grants credit to METER points: each row becomes a money order, whose money comes from the programme's account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from prewatt_platform.accounts.errors import AmountRefused, TermRefused
from prewatt_platform.accounts.models import Order
from prewatt_platform.accounts.placing import Opened, opened, place
from prewatt_platform.accounts.rules import AMOUNT_MAX_FEN
from prewatt_platform.control.idempotency import once_row
from prewatt_platform.control.models import CommandKind, CommandState
from prewatt_platform.control.reason import given_reason
from prewatt_platform.control.rows import MeterTwice, RowRefusal, RowsRefused
from prewatt_platform.grants.errors import AllowanceGiven
from prewatt_platform.grants.models import Allowance, Grant, GrantBatch, GrantKind
from prewatt_platform.grants.repository import GrantRepository
from prewatt_platform.kernel.errors import PlatformError
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.projects.repository import ProjectRepository

ROWS_MAX: Final = 100
"""Rows of one request: each takes some 20 ms, and a request has 10 s."""

PROGRAMME_LENGTH_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """What all rows of a batch have in common. `month`: first day of an allowance's month."""

    kind: GrantKind
    programme: str
    month: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One meter, and the credit that it gets."""

    meter_number: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Granted:
    """A batch: its orders by row, and the rows that were refused."""

    orders: tuple[Order, ...]
    refusals: tuple[RowRefusal, ...]


class GrantService:
    """Grants of one project, inside one unit of work."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._grants = GrantRepository(work)

    async def grant(
        self, key: UUID, terms: GrantTerms, rows: Sequence[GrantRow], *, skip_refused: bool = False
    ) -> tuple[Granted, bool]:
        """Grant all rows, or with `skip_refused` those that can be; (batch, replayed).

        Raises `RowsRefused` when nothing was granted because of rows; `TermRefused`, `ReasonMissing`, `IdempotencyMismatch`.
        """

        async def make() -> UUID:
            reason = given_reason(terms.reason)
            await self._check_terms(terms, rows)
            found, refusals = await self._check_rows(terms, rows)
            if refusals and not (skip_refused and found):
                raise RowsRefused(refusals)
            return await self._place(terms, reason, rows, found, refusals)

        content: dict[str, Any] = {
            "kind": terms.kind,
            "programme": terms.programme,
            "month": None if terms.month is None else terms.month.isoformat(),
            "reason": terms.reason,
            "rows": [[row.meter_number, row.amount_fen] for row in rows],
            "skip_refused": skip_refused,
        }
        batch_id, replayed = await once_row(self._work, "grantCreate", key, content, make)
        batch = await self._grants.batch(batch_id)
        assert batch is not None, "a key's batch exists: batches are never deleted"
        refusals = tuple(RowRefusal(**refused) for refused in batch.refused)
        return Granted(tuple(await self._grants.orders(batch_id)), refusals), replayed

    async def _check_terms(self, terms: GrantTerms, rows: Sequence[GrantRow]) -> None:
        if not 1 <= len(terms.programme.strip()) <= PROGRAMME_LENGTH_MAX:
            raise TermRefused("programme", f"has 1 to {PROGRAMME_LENGTH_MAX} characters")
        if not 1 <= len(rows) <= ROWS_MAX:
            raise TermRefused("rows", f"are 1 to {ROWS_MAX}, not {len(rows)}")
        if (terms.month is not None) != (terms.kind == GrantKind.ALLOWANCE):
            raise TermRefused("month", "belongs to an allowance, and only to that")
        if terms.month is not None:
            project = await ProjectRepository(self._work).by_id(self._work.project_id)
            assert project is not None
            today = self._work.clock.now().astimezone(ZoneInfo(project.timezone)).date()
            if terms.month.day != 1 or terms.month > today:
                raise TermRefused("month", "is the first day of this month or of an earlier one")

    async def _check_rows(
        self, terms: GrantTerms, rows: Sequence[GrantRow]
    ) -> tuple[dict[int, Opened], list[RowRefusal]]:
        """The rows that can be granted, with their meters locked, and the others."""
        found: dict[int, Opened] = {}
        refusals: list[RowRefusal] = []
        seen: set[str] = set()
        # All meters are locked before the first receipt number is drawn, and in the order of their numbers: a sale locks
        # its meter, then the receipt counter, so neither waits for the other in a circle.
        for number in sorted(range(len(rows)), key=lambda index: (rows[index].meter_number, index)):
            row = rows[number]
            try:
                if row.meter_number in seen:
                    raise MeterTwice(row.meter_number)
                seen.add(row.meter_number)
                if not 0 < row.amount_fen <= AMOUNT_MAX_FEN:
                    raise AmountRefused(row.amount_fen, 1, AMOUNT_MAX_FEN)
                at = await opened(self._work, row.meter_number)
                await self._check_allowance(at, terms.month)
            except PlatformError as wrong:
                refusals.append(RowRefusal(number, type(wrong).__name__, str(wrong)))
            else:
                found[number] = at
        return found, sorted(refusals, key=lambda refusal: refusal.row)

    async def _check_allowance(self, at: Opened, month: date | None) -> None:
        given = None if month is None else await self._grants.allowance(at.point.id, month)
        if given is not None and given[2].state != CommandState.VOIDED:
            raise AllowanceGiven(at.meter, given[0].month, given[1].receipt_number)

    async def _place(
        self,
        terms: GrantTerms,
        reason: str,
        rows: Sequence[GrantRow],
        found: dict[int, Opened],
        refusals: Sequence[RowRefusal],
    ) -> UUID:
        batch = GrantBatch(
            project_id=self._work.project_id,
            id=self._work.new_id(),
            kind=terms.kind,
            programme=terms.programme.strip(),
            month=terms.month,
            reason=reason,
            operator_name=self._work.scope.actor.name,
            created_at=self._work.clock.now(),
            refused=[
                {"row": refusal.row, "error": refusal.error, "message": refusal.message}
                for refusal in refusals
            ],
        )
        await self._grants.add(batch)
        for number, at in sorted(found.items()):
            command = await place(
                self._work,
                at,
                CommandKind.GRANT,
                rows[number].amount_fen,
                programme=batch.programme,
                reason=reason,
            )
            await self._grants.add(
                Grant(
                    project_id=self._work.project_id,
                    command_id=command.id,
                    batch_id=batch.id,
                    row_number=number,
                )
            )
            if terms.month is not None:
                await self._note_allowance(at, terms.month, command.id)
        return batch.id

    async def _note_allowance(self, at: Opened, month: date, command_id: UUID) -> None:
        voided = await self._grants.allowance(at.point.id, month)
        if voided is not None:
            voided[0].command_id = command_id
            await self._work.session.flush()
            return
        await self._grants.add(
            Allowance(
                project_id=self._work.project_id, point_id=at.point.id, month=month, command_id=command_id
            )
        )
