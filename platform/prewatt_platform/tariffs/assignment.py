"""Which plan is in force on a metering point. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from prewatt_platform.tariffs.models import PricePlanAssignment, Target
from prewatt_platform.tariffs.terms import DayType

SATURDAY: Final = 5


def plan_in_force(
    assignments: Iterable[PricePlanAssignment], area: Sequence[str], point_id: UUID
) -> UUID | None:
    """Id of the plan of a point in that area; None: no plan reaches it.

    `assignments` are those that have begun, of the point's medium. The newest of each target counts; of the targets
    that reach the point the closest with a plan.
    """
    newest: dict[tuple[int, tuple[str, ...]], PricePlanAssignment] = {}
    for each in sorted(assignments, key=lambda row: (row.from_at, row.created_at)):
        closeness = _closeness(each, area, point_id)
        if closeness is not None:
            newest[closeness, tuple(each.area)] = each
    for _, each in sorted(newest.items(), key=lambda item: item[0], reverse=True):
        if each.plan_id is not None:
            return each.plan_id
    return None


def _closeness(each: PricePlanAssignment, area: Sequence[str], point_id: UUID) -> int | None:
    """How close the target is to the point: 0 project, then the length of the area's path; None: it does not reach it."""
    match each.target:
        case Target.POINT:
            return len(area) + 1 if each.point_id == point_id else None
        case Target.AREA:
            return len(each.area) if list(area[: len(each.area)]) == each.area else None
        case _:
            return 0


def day_type_of(day: date, kept: DayType | None) -> DayType:
    """Type of a day: what the calendar keeps, else by the weekday."""
    if kept is not None:
        return kept
    return DayType.REST_DAY if day.weekday() >= SATURDAY else DayType.WORKDAY
