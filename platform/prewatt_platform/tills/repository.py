"""Queries on closings of tills and days."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from prewatt_platform.kernel.tenancy import Repository
from prewatt_platform.tills.models import DayClosing, TillClosing


class TillRepository(Repository):
    """Closings of one project."""

    async def by_id(self, closing_id: UUID) -> TillClosing | None:
        """The till closing of that id."""
        return await self._one(self._scoped(TillClosing).where(TillClosing.id == closing_id))

    async def latest(self, operator_id: UUID) -> TillClosing | None:
        """An operator's latest closing."""
        return await self._one(
            self._scoped(TillClosing)
            .where(TillClosing.operator_id == operator_id)
            .order_by(col(TillClosing.number).desc())
            .limit(1)
        )

    async def next_number(self) -> int:
        """The next closing's number; the caller holds the project's row."""
        statement = self._narrow(select(func.coalesce(func.max(TillClosing.number), 0)), TillClosing)
        return int((await self._session.execute(statement)).scalar_one()) + 1

    async def of_day(self, day: date | None, limit: int | None = None) -> Sequence[TillClosing]:
        """Till closings of a day's closing, by number; None: of no day yet."""
        return await self._all(
            self._scoped(TillClosing)
            .where(col(TillClosing.day).is_(None) if day is None else col(TillClosing.day) == day)
            .order_by(col(TillClosing.number))
            .limit(limit)
        )

    async def day(self, day: date) -> DayClosing | None:
        """The closing of a day."""
        return await self._one(self._scoped(DayClosing).where(DayClosing.day == day))

    async def day_by_id(self, closing_id: UUID) -> DayClosing | None:
        """The day closing of that id."""
        return await self._one(self._scoped(DayClosing).where(DayClosing.id == closing_id))
