"""Makes price plans and their versions, assigns them, keeps the calendar, and tells which version is in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from prewatt_platform.control.idempotency import once_row
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.metering.models import Point
from prewatt_platform.metering.service import MeteringService
from prewatt_platform.tariffs.assignment import plan_in_force
from prewatt_platform.tariffs.errors import (
    PlanNameTaken,
    PlanRefused,
    TargetRefused,
    UnknownPlan,
    VersionInThePast,
)
from prewatt_platform.tariffs.models import (
    PricePlan,
    PricePlanAssignment,
    PricePlanVersion,
    Target,
)
from prewatt_platform.tariffs.repository import TariffRepository
from prewatt_platform.tariffs.terms import DayType, Medium, Terms

NAME_LENGTH_MAX = 100
DAYS_MAX = 366
"""Calendar days of one request."""


@dataclass(frozen=True, slots=True)
class PlanTarget:
    """Where a plan is to be in force: a meter's point, an area, or, with neither, the whole project."""

    area: tuple[str, ...] = ()
    meter_number: str | None = None


class TariffService:
    """Price plans of one project, inside one unit of work."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._tariffs = TariffRepository(work)

    async def create(self, key: UUID, name: str, medium: Medium, terms: Terms) -> tuple[UUID, bool]:
        """Make a plan whose first version is valid from now on; (plan id, replayed).

        `PlanNameTaken`, `PlanRefused`, `IdempotencyMismatch`.
        """

        async def make() -> UUID:
            given = name.strip()
            if not 1 <= len(given) <= NAME_LENGTH_MAX:
                raise PlanRefused("name", f"1 to {NAME_LENGTH_MAX} characters")
            if await self._tariffs.plan_named(given) is not None:
                raise PlanNameTaken(given)
            now = self._work.clock.now()
            plan = await self._tariffs.add(
                PricePlan(
                    project_id=self._work.project_id,
                    id=self._work.new_id(),
                    name=given,
                    medium=medium,
                    created_at=now,
                    actor_name=self._work.scope.actor.name,
                )
            )
            await self._add_version(plan, 1, now, terms)
            return plan.id

        content = {"name": name, "medium": medium.value, "terms": terms.as_json()}
        return await once_row(self._work, "pricePlanCreate", key, content, make)

    async def add_version(
        self, key: UUID, plan_id: UUID, valid_from: datetime | None, terms: Terms
    ) -> tuple[UUID, bool]:
        """Give a plan other terms from `valid_from` on, None: from now on; (plan id, replayed).

        `UnknownPlan`, `VersionInThePast`, `IdempotencyMismatch`.
        """

        async def make() -> UUID:
            # locked: two versions must not get the same number
            plan = await self._tariffs.plan(plan_id, for_update=True)
            if plan is None:
                raise UnknownPlan(plan_id)
            versions = await self._tariffs.versions([plan.id])
            now = self._work.clock.now()
            begins = valid_from or now
            if begins < now or begins <= versions[-1].valid_from:
                raise VersionInThePast(begins, max(now, versions[-1].valid_from))
            await self._add_version(plan, versions[-1].number + 1, begins, terms)
            return plan.id

        content = {
            "plan": str(plan_id),
            "from": None if valid_from is None else valid_from.isoformat(),
            "terms": terms.as_json(),
        }
        return await once_row(self._work, "pricePlanVersionAdd", key, content, make)

    async def assign(
        self, key: UUID, plan_id: UUID, target: PlanTarget, from_at: datetime | None
    ) -> tuple[UUID, bool]:
        """Put a plan in force at a target from `from_at` on, None: from now on; (plan id, replayed).

        `UnknownPlan`, `UnknownMeter`, `VersionInThePast`, `TargetRefused`, `IdempotencyMismatch`.
        """

        async def make() -> UUID:
            plan = await self._tariffs.plan(plan_id, for_update=True)
            if plan is None:
                raise UnknownPlan(plan_id)
            if target.area and target.meter_number is not None:
                raise TargetRefused("area", "give an area or a meter, not both")
            point_id = None
            if target.meter_number is not None:
                point_id = (await MeteringService(self._work).meter(target.meter_number)).point_id
            kind = Target.POINT if point_id else Target.AREA if target.area else Target.PROJECT
            now = self._work.clock.now()
            begins = from_at or now
            before = await self._tariffs.newest_assignment(plan.medium, kind, target.area, point_id)
            earliest = now if before is None else max(now, before.from_at)
            if begins < earliest:
                raise VersionInThePast(begins, earliest)
            await self._tariffs.add(
                PricePlanAssignment(
                    project_id=self._work.project_id,
                    id=self._work.new_id(),
                    medium=plan.medium,
                    target=kind,
                    area=list(target.area),
                    point_id=point_id,
                    plan_id=plan.id,
                    from_at=begins,
                    created_at=now,
                    actor_name=self._work.scope.actor.name,
                )
            )
            audit.record(
                self._work,
                "price plan assigned",
                f"price plan {plan.name}",
                plan=str(plan.id),
                target=kind.value,
                area=list(target.area),
                meter=target.meter_number,
                from_at=begins.isoformat(),
            )
            return plan.id

        content = {
            "plan": str(plan_id),
            "area": list(target.area),
            "meter": target.meter_number,
            "from": None if from_at is None else from_at.isoformat(),
        }
        return await once_row(self._work, "pricePlanAssign", key, content, make)

    async def set_days(self, days: Sequence[tuple[date, DayType, str]]) -> None:
        """Set types of calendar days. Raises `PlanRefused` for more than `DAYS_MAX` days or one that comes twice."""
        if len(days) > DAYS_MAX:
            raise PlanRefused("days", f"{DAYS_MAX} days at most, not {len(days)}")
        if len({day for day, _, _ in days}) < len(days):
            raise PlanRefused("days", "each day once")
        for day, day_type, name in days:
            await self._tariffs.keep_day(day, day_type, name)
        audit.record(
            self._work,
            "calendar set",
            "calendar",
            days=[[day.isoformat(), day_type.value, name] for day, day_type, name in days],
        )

    async def _add_version(self, plan: PricePlan, number: int, begins: datetime, terms: Terms) -> None:
        version = await self._tariffs.add(
            PricePlanVersion(
                project_id=self._work.project_id,
                id=self._work.new_id(),
                plan_id=plan.id,
                number=number,
                valid_from=begins,
                terms=terms.as_json(),
                created_at=self._work.clock.now(),
                actor_name=self._work.scope.actor.name,
            )
        )
        audit.record(
            self._work,
            "price plan version added",
            f"price plan {plan.name}",
            plan=str(plan.id),
            version=number,
            valid_from=begins.isoformat(),
            terms=version.terms,
        )


async def in_force(
    work: Work, points: Sequence[Point], medium: Medium, at: datetime
) -> Mapping[UUID, PricePlanVersion]:
    """The version in force on each of those points at an instant; points that no plan reaches are absent."""
    tariffs = TariffRepository(work)
    assignments = await tariffs.assignments(medium, [point.id for point in points], at)
    plans = {
        point.id: plan
        for point in points
        if (plan := plan_in_force(assignments, point.area, point.id)) is not None
    }
    valid = await tariffs.valid(set(plans.values()), at)
    return {point_id: valid[plan_id] for point_id, plan_id in plans.items() if plan_id in valid}
