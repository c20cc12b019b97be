"""Types of price plans."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Self

import strawberry

from prewatt_graphql.ids import global_id
from prewatt_graphql.node import Node
from prewatt_graphql.quantities import PRICE_DECIMALS, decimal
from prewatt_platform.projects.models import Project
from prewatt_platform.tariffs.models import CalendarDay as CalendarDayRow
from prewatt_platform.tariffs.models import PricePlan as PlanRow
from prewatt_platform.tariffs.models import PricePlanAssignment as AssignmentRow
from prewatt_platform.tariffs.models import PricePlanVersion as VersionRow
from prewatt_platform.tariffs.terms import Medium as MediumRow

USE_DECIMALS = {MediumRow.ELECTRICITY: 2, MediumRow.WATER: 3}
"""Decimals of a use in kWh and in m³."""


@strawberry.enum(description="What a plan prices.")
class Medium(Enum):
    """`tariffs.terms.Medium`."""

    ELECTRICITY = strawberry.enum_value("ELECTRICITY", description="Energy, by the kWh.")
    WATER = strawberry.enum_value("WATER", description="Water, by the m³.")


@strawberry.enum(description="Kind of a calendar day.")
class DayType(Enum):
    """`tariffs.terms.DayType`."""

    WORKDAY = strawberry.enum_value("WORKDAY", description="A workday, also a make-up one at a weekend.")
    REST_DAY = strawberry.enum_value("REST_DAY", description="A weekend or another day of rest.")
    HOLIDAY = strawberry.enum_value("HOLIDAY", description="A public holiday.")


@strawberry.enum(description="Stretch of local time after which steps begin again.")
class StepPeriod(Enum):
    """`tariffs.terms.StepPeriod`."""

    MONTH = strawberry.enum_value("MONTH", description="Each month.")
    YEAR = strawberry.enum_value("YEAR", description="Each year.")


@strawberry.type(description="A stretch of the day in which one rate runs.")
class DaySlot:
    """It ends where the next one begins."""

    from_: str = strawberry.field(name="from", description="Begin, HH:MM.")
    rate: int = strawberry.field(
        description="Rate: 1 sharp, 2 peak, 3 flat, 4 valley, 5 deep valley; 1 in a plan with one price."
    )


@strawberry.type(description="A season of the year, with the day profile of each kind of day.")
class PlanSeason:
    """It ends where the next one begins."""

    from_: str = strawberry.field(name="from", description="First day, MM-DD.")
    workday: int = strawberry.field(description="Number of the day profile of workdays, from 1.")
    rest_day: int = strawberry.field(description="Number of the day profile of rest days.")
    holiday: int = strawberry.field(description="Number of the day profile of holidays.")


@strawberry.type(description="One version of a price plan; it is never edited.")
class PricePlanVersion:
    """Built by `of`."""

    plan_name: str = strawberry.field(description="Name of the plan.")
    number: int = strawberry.field(description="Number of the version, from 1.")
    valid_from: datetime = strawberry.field(description="From when it is valid, until the next version.")
    prices: list[list[Decimal]] = strawberry.field(
        description="For each step the price of each rate, project currency per kWh or m³."
    )
    step_limits: list[Decimal] = strawberry.field(
        description="Use in the period at which each step but the last ends, kWh or m³; empty without steps."
    )
    step_period: StepPeriod = strawberry.field(description="When steps begin again.")
    day_profiles: list[list[DaySlot]] = strawberry.field(description="Day profiles, numbered from 1.")
    seasons: list[PlanSeason] = strawberry.field(description="Seasons of the year.")
    operator_name: str = strawberry.field(description="Who added it.")

    @classmethod
    def of(cls, plan: PlanRow, row: VersionRow) -> Self:
        """The API type of a version."""
        terms = row.checked
        decimals = USE_DECIMALS[MediumRow(plan.medium)]
        return cls(
            plan_name=plan.name,
            number=row.number,
            valid_from=row.valid_from,
            prices=[[decimal(price, PRICE_DECIMALS) for price in step] for step in terms.prices_e4],
            step_limits=[decimal(limit, decimals) for limit in terms.limits],
            step_period=StepPeriod(terms.period.value),
            day_profiles=[
                [
                    DaySlot(from_=f"{minute // 60:02}:{minute % 60:02}", rate=rate)
                    for minute, rate in profile.slots
                ]
                for profile in terms.profiles
            ],
            seasons=[
                PlanSeason(
                    from_=f"{season.month:02}-{season.day:02}",
                    workday=season.workday,
                    rest_day=season.rest_day,
                    holiday=season.holiday,
                )
                for season in terms.seasons
            ],
            operator_name=row.actor_name,
        )


@strawberry.type(description="Where a plan is in force, from when on, until that place gets another plan.")
class PricePlanAssignment:
    """The closest wins: a metering point's over its area's over the project's."""

    area: list[str] = strawberry.field(
        description="Path of the area, largest first; empty for the project and for a metering point."
    )
    place: str | None = strawberry.field(description="Name of the metering point; null for the others.")
    valid_from: datetime = strawberry.field(description="From when on.")
    operator_name: str = strawberry.field(description="Who assigned it.")


@strawberry.type(description="A price plan.")
class PricePlan(Node):
    """Built by `of`."""

    name: str = strawberry.field(description="Name of the plan, unique in the project.")
    medium: Medium = strawberry.field(description="What it prices.")
    versions: list[PricePlanVersion] = strawberry.field(description="All versions, oldest first.")
    assignments: list[PricePlanAssignment] = strawberry.field(description="Where it is in force.")

    @classmethod
    def of(
        cls,
        project: Project,
        row: PlanRow,
        versions: Sequence[VersionRow],
        assignments: Sequence[tuple[AssignmentRow, str | None]],
    ) -> Self:
        """The API type of a plan; each assignment comes with the name of its metering point."""
        return cls(
            id=global_id("PricePlan", project.code, row.id),
            name=row.name,
            medium=Medium(row.medium),
            versions=[PricePlanVersion.of(row, version) for version in versions],
            assignments=[
                PricePlanAssignment(
                    area=each.area, place=place, valid_from=each.from_at, operator_name=each.actor_name
                )
                for each, place in assignments
            ],
        )


@strawberry.type(description="A day whose kind is not that of its weekday.")
class CalendarDay:
    """`tariffs.models.CalendarDay`."""

    day: date = strawberry.field(description="The day.")
    day_type: DayType = strawberry.field(description="Its kind.")
    name: str = strawberry.field(description="Name, such as that of the holiday.")

    @classmethod
    def of(cls, row: CalendarDayRow) -> Self:
        """The API type of a kept day."""
        return cls(day=row.day, day_type=DayType(row.day_type), name=row.name)
