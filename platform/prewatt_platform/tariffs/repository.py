"""Queries on price plans, versions, assignments and calendar days."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlmodel import col

from prewatt_platform.kernel.tenancy import Repository
from prewatt_platform.tariffs.models import (
    CalendarDay,
    PricePlan,
    PricePlanAssignment,
    PricePlanVersion,
    Target,
)
from prewatt_platform.tariffs.terms import DayType, Medium


class TariffRepository(Repository):
    """Price plans of one project."""

    async def plans(self) -> Sequence[PricePlan]:
        """All plans, by name."""
        return await self._all(self._scoped(PricePlan).order_by(col(PricePlan.name)))

    async def plan(self, plan_id: UUID, *, for_update: bool = False) -> PricePlan | None:
        """The plan of that id; locked until the end of the transaction with `for_update`."""
        statement = self._scoped(PricePlan).where(PricePlan.id == plan_id)
        return await self._one(statement.with_for_update() if for_update else statement)

    async def plan_named(self, name: str) -> PricePlan | None:
        """The plan of that name."""
        return await self._one(self._scoped(PricePlan).where(PricePlan.name == name))

    async def versions(self, plan_ids: Collection[UUID]) -> Sequence[PricePlanVersion]:
        """All versions of those plans, oldest first."""
        return await self._all(
            self._scoped(PricePlanVersion)
            .where(col(PricePlanVersion.plan_id).in_(plan_ids))
            .order_by(col(PricePlanVersion.plan_id), col(PricePlanVersion.number))
        )

    async def valid(self, plan_ids: Collection[UUID], at: datetime) -> dict[UUID, PricePlanVersion]:
        """The version of each of those plans that is valid at an instant, by plan."""
        statement = (
            self._scoped(PricePlanVersion)
            .where(col(PricePlanVersion.plan_id).in_(plan_ids), col(PricePlanVersion.valid_from) <= at)
            .order_by(col(PricePlanVersion.plan_id), col(PricePlanVersion.valid_from).desc())
            .ext(distinct_on(col(PricePlanVersion.plan_id)))
        )
        return {version.plan_id: version for version in await self._all(statement)}

    async def assignments(
        self, medium: Medium, point_ids: Collection[UUID], at: datetime
    ) -> Sequence[PricePlanAssignment]:
        """Assignments that have begun at an instant, of the project, of areas, and of those points."""
        return await self._all(
            self._scoped(PricePlanAssignment).where(
                PricePlanAssignment.medium == medium,
                col(PricePlanAssignment.from_at) <= at,
                or_(
                    col(PricePlanAssignment.target) != Target.POINT,
                    col(PricePlanAssignment.point_id).in_(point_ids),
                ),
            )
        )

    async def newest_assignment(
        self, medium: Medium, target: Target, area: Sequence[str], point_id: UUID | None
    ) -> PricePlanAssignment | None:
        """The target's assignment that begins last."""
        return await self._one(
            self._scoped(PricePlanAssignment)
            .where(
                PricePlanAssignment.medium == medium,
                PricePlanAssignment.target == target,
                col(PricePlanAssignment.area) == list(area),
                col(PricePlanAssignment.point_id).is_(None)
                if point_id is None
                else col(PricePlanAssignment.point_id) == point_id,
            )
            .order_by(col(PricePlanAssignment.from_at).desc())
            .limit(1)
        )

    async def of_plans(self, plan_ids: Collection[UUID]) -> Sequence[PricePlanAssignment]:
        """Assignments of those plans, oldest first."""
        return await self._all(
            self._scoped(PricePlanAssignment)
            .where(col(PricePlanAssignment.plan_id).in_(plan_ids))
            .order_by(col(PricePlanAssignment.from_at))
        )

    async def calendar(self, since: date, until: date) -> dict[date, CalendarDay]:
        """Kept days from `since` to `until`, both included."""
        rows = await self._all(
            self._scoped(CalendarDay)
            .where(col(CalendarDay.day) >= since, col(CalendarDay.day) <= until)
            .order_by(col(CalendarDay.day))
        )
        return {row.day: row for row in rows}

    async def keep_day(self, day: date, day_type: DayType, name: str) -> None:
        """Set the type of a day."""
        statement = insert(CalendarDay).values(
            project_id=self._project_id, day=day, day_type=day_type, name=name
        )
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=["project_id", "day"], set_={"day_type": day_type, "name": name}
            )
        )
