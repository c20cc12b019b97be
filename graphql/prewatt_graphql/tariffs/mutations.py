"""Mutations on price plans and on the calendar."""

import re
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import strawberry

from prewatt_graphql.commands.types import Command
from prewatt_graphql.context import Info
from prewatt_graphql.errors import BadInput
from prewatt_graphql.ids import local_key
from prewatt_graphql.payloads import (
    CommandPayload,
    IdempotentInput,
    IdempotentPayload,
    Input,
    MutationPayload,
    mutation,
)
from prewatt_graphql.quantities import count_of, price_e4_of
from prewatt_graphql.tariffs.queries import plan_of
from prewatt_graphql.tariffs.types import USE_DECIMALS, CalendarDay, DayType, Medium, PricePlan, StepPeriod
from prewatt_platform.tariffs import terms as plan_terms
from prewatt_platform.tariffs.download import download_prices
from prewatt_platform.tariffs.errors import UnknownPlan
from prewatt_platform.tariffs.repository import TariffRepository
from prewatt_platform.tariffs.service import PlanTarget, TariffService

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_DATE = re.compile(r"(\d\d)-(\d\d)")
_WHOLE_YEAR = plan_terms.Season(1, 1, 1, 1, 1)


@strawberry.input(description="A stretch of the day in which one rate runs, until the next one begins.")
class DaySlotInput:
    """One slot of a day profile."""

    from_: str = strawberry.field(name="from", description="Begin, HH:MM; the first slot begins at 00:00.")
    rate: int = strawberry.field(description="Rate: 1 sharp, 2 peak, 3 flat, 4 valley, 5 deep valley.")


@strawberry.input(description="A season of the year, until the next one begins.")
class PlanSeasonInput:
    """One season, with the day profile of each kind of day."""

    from_: str = strawberry.field(name="from", description="First day, MM-DD.")
    workday: int = strawberry.field(description="Number of the day profile of workdays, from 1.")
    rest_day: int = strawberry.field(description="Number of the day profile of rest days.")
    holiday: int = strawberry.field(description="Number of the day profile of holidays.")


@strawberry.input(description="What a version of a price plan says.")
class PricePlanTermsInput:
    """Terms of `pricePlanCreate` and `pricePlanVersionAdd`."""

    prices: list[list[Decimal]] = strawberry.field(
        description="For each step the price of each of 1 to 5 rates (water: one), per kWh or m³, at most 4 decimals. Without steps: one list."
    )
    surcharges: list[Decimal] | None = strawberry.field(
        default=None,
        description="In place of further lists in `prices`: what each further step costs more, in every rate.",
    )
    step_limits: list[Decimal] | None = strawberry.field(
        default=None,
        description="Use in the period at which each step but the last ends, rising; kWh (2 decimals) or m³ (3).",
    )
    step_period: StepPeriod = strawberry.field(
        default=StepPeriod.MONTH, description="When steps begin again."
    )
    day_profiles: list[list[DaySlotInput]] | None = strawberry.field(
        default=None, description="Day profiles of at most 14 slots; null: rate 1 all day."
    )
    seasons: list[PlanSeasonInput] | None = strawberry.field(
        default=None, description="At most 4 seasons; null: day profile 1 all year."
    )

    def terms(self, medium: plan_terms.Medium) -> plan_terms.Terms:
        """The platform's form. Raises `BadInput`, `PlanRefused`."""
        prices_e4 = [[price_e4_of(price, "prices") for price in step] for step in self.prices]
        if self.surcharges is not None:
            if len(prices_e4) != 1:
                raise BadInput("surcharges come with the prices of one step", "input", "surcharges")
            extra = [price_e4_of(each, "surcharges") for each in self.surcharges]
            prices_e4 = plan_terms.with_surcharges(prices_e4[0], extra)
        profiles = [[DaySlotInput(from_="00:00", rate=1)]] if self.day_profiles is None else self.day_profiles
        seasons = [_WHOLE_YEAR] if self.seasons is None else [_season(season) for season in self.seasons]
        limits = [
            count_of(limit, USE_DECIMALS[medium], "stepLimits", "a limit") for limit in self.step_limits or []
        ]
        return plan_terms.terms(
            medium,
            prices_e4,
            limits,
            plan_terms.StepPeriod(self.step_period.name),
            [[(_minute(slot.from_), slot.rate) for slot in profile] for profile in profiles],
            seasons,
        )


def _minute(text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise BadInput(f"a slot begins at HH:MM, not {text}", "input", "dayProfiles")
    return 60 * int(found[1]) + int(found[2])


def _season(given: PlanSeasonInput) -> plan_terms.Season:
    found = _DATE.fullmatch(given.from_)
    if found is None:
        raise BadInput(f"a season begins on MM-DD, not {given.from_}", "input", "seasons")
    return plan_terms.Season(int(found[1]), int(found[2]), given.workday, given.rest_day, given.holiday)


@strawberry.input(description="A new price plan.")
class PricePlanCreateInput(IdempotentInput):
    """Input of `pricePlanCreate`."""

    name: str = strawberry.field(description="Name, unique in the project; 1 to 100 characters.")
    medium: Medium = strawberry.field(default=Medium.ELECTRICITY, description="What it prices.")
    terms: PricePlanTermsInput = strawberry.field(description="First version, valid from now on.")


@strawberry.input(description="Other terms of a price plan from a moment on.")
class PricePlanVersionAddInput(IdempotentInput):
    """Input of `pricePlanVersionAdd`."""

    plan: strawberry.ID = strawberry.field(description="Id of the plan.")
    valid_from: datetime | None = strawberry.field(
        default=None, description="From when on, not in the past and behind the newest version; null: now."
    )
    terms: PricePlanTermsInput = strawberry.field(description="What the version says.")


@strawberry.input(description="Where a price plan is to be in force.")
class PricePlanAssignInput(IdempotentInput):
    """Input of `pricePlanAssign`."""

    plan: strawberry.ID = strawberry.field(description="Id of the plan.")
    area: list[str] | None = strawberry.field(
        default=None, description="Path of an area, largest first; null without a meter: the whole project."
    )
    meter_number: str | None = strawberry.field(
        default=None, description="Number of a meter, for its metering point alone."
    )
    valid_from: datetime | None = strawberry.field(
        default=None, description="From when on, not in the past; null: now."
    )


@strawberry.type(description="Result of `pricePlanCreate`.")
class PricePlanCreatePayload(IdempotentPayload):
    """Payload of `pricePlanCreate`."""

    price_plan: PricePlan | None = strawberry.field(default=None, description="The plan.")


@strawberry.type(description="Result of `pricePlanVersionAdd`.")
class PricePlanVersionAddPayload(IdempotentPayload):
    """Payload of `pricePlanVersionAdd`."""

    price_plan: PricePlan | None = strawberry.field(
        default=None, description="The plan with all its versions."
    )


@strawberry.type(description="Result of `pricePlanAssign`.")
class PricePlanAssignPayload(IdempotentPayload):
    """Payload of `pricePlanAssign`."""

    price_plan: PricePlan | None = strawberry.field(
        default=None, description="The plan with all its assignments."
    )


@strawberry.input(description="A meter that is to get the prices of its plan.")
class PricePlanDownloadInput(IdempotentInput):
    """Input of `pricePlanDownload`."""

    meter_number: str = strawberry.field(description="Number of the meter, ten characters.")


@strawberry.type(description="Result of `pricePlanDownload`.")
class PricePlanDownloadPayload(CommandPayload):
    """Payload of `pricePlanDownload`."""


@strawberry.input(description="The kind of one day.")
class CalendarDayInput:
    """One day of `calendarDaysSet`."""

    day: date = strawberry.field(description="The day.")
    day_type: DayType = strawberry.field(description="Its kind.")
    name: str = strawberry.field(default="", description="Name, such as that of the holiday.")


@strawberry.input(description="Kinds of days that are not those of their weekdays.")
class CalendarDaysSetInput:
    """Input of `calendarDaysSet`."""

    days: list[CalendarDayInput] = strawberry.field(description="At most 366 days, each once.")


@strawberry.type(description="Result of `calendarDaysSet`.")
class CalendarDaysSetPayload(MutationPayload):
    """Payload of `calendarDaysSet`."""

    calendar_days: list[CalendarDay] | None = strawberry.field(
        default=None, description="The days that were set."
    )


@strawberry.type
class TariffMutations:
    """Root mutations on price plans."""

    @mutation(
        PricePlanCreatePayload,
        "Make a price plan. It is in force nowhere until it is assigned. Errors: BAD_INPUT, IDEMPOTENCY_MISMATCH.",
    )
    async def price_plan_create(
        self, info: Info, input: Input[PricePlanCreateInput]
    ) -> PricePlanCreatePayload:
        medium = plan_terms.Medium(input.medium.name)
        terms = input.terms.terms(medium)
        async with info.context.work() as work:
            plan_id, replayed = await TariffService(work).create(
                input.idempotency_key, input.name, medium, terms
            )
            plan = await plan_of(work, info.context.membership.project, plan_id)
        return PricePlanCreatePayload(price_plan=plan, replayed=replayed)

    @mutation(
        PricePlanVersionAddPayload,
        "Give a price plan other terms from a moment on; versions are never edited. Errors: NOT_FOUND, BAD_INPUT, "
        "IDEMPOTENCY_MISMATCH.",
    )
    async def price_plan_version_add(
        self, info: Info, input: Input[PricePlanVersionAddInput]
    ) -> PricePlanVersionAddPayload:
        project = info.context.membership.project
        key = _plan_key(info, input.plan)
        async with info.context.work() as work:
            row = await TariffRepository(work).plan(key)
            if row is None:
                raise UnknownPlan(key)
            terms = input.terms.terms(plan_terms.Medium(row.medium))
            plan_id, replayed = await TariffService(work).add_version(
                input.idempotency_key, key, input.valid_from, terms
            )
            plan = await plan_of(work, project, plan_id)
        return PricePlanVersionAddPayload(price_plan=plan, replayed=replayed)

    @mutation(
        PricePlanAssignPayload,
        "Put a price plan in force in the project, in an area, or at one metering point; the closest wins. Errors: NOT_FOUND, "
        "BAD_INPUT, IDEMPOTENCY_MISMATCH.",
    )
    async def price_plan_assign(
        self, info: Info, input: Input[PricePlanAssignInput]
    ) -> PricePlanAssignPayload:
        key = _plan_key(info, input.plan)
        target = PlanTarget(tuple(input.area or ()), input.meter_number)
        async with info.context.work() as work:
            plan_id, replayed = await TariffService(work).assign(
                input.idempotency_key, key, target, input.valid_from
            )
            plan = await plan_of(work, info.context.membership.project, plan_id)
        return PricePlanAssignPayload(price_plan=plan, replayed=replayed)

    @mutation(
        PricePlanDownloadPayload,
        "Write the prices of the plan in force to a prepaid meter. The command is SUCCEEDED when the meter was read back with "
        "them; credit and purchases are not touched. Plans with steps cannot be downloaded. Errors: NOT_FOUND, NOT_PREPAID, "
        "GATEWAY_UNREACHABLE, BAD_INPUT, IDEMPOTENCY_MISMATCH.",
    )
    async def price_plan_download(
        self, info: Info, input: Input[PricePlanDownloadInput]
    ) -> PricePlanDownloadPayload:
        async with info.context.work() as work:
            command, replayed = await download_prices(work, input.idempotency_key, input.meter_number)
        return PricePlanDownloadPayload(
            command=Command.of(command, info.context.membership.project), replayed=replayed
        )

    @mutation(
        CalendarDaysSetPayload,
        "Set kinds of days: holidays, make-up workdays. Saturdays and Sundays are rest days without it, all other days "
        "workdays. Errors: BAD_INPUT.",
    )
    async def calendar_days_set(
        self, info: Info, input: Input[CalendarDaysSetInput]
    ) -> CalendarDaysSetPayload:
        days = [(given.day, plan_terms.DayType(given.day_type.name), given.name) for given in input.days]
        async with info.context.work() as work:
            await TariffService(work).set_days(days)
        shown = [CalendarDay(day=day, day_type=DayType[kind.name], name=name) for day, kind, name in days]
        return CalendarDaysSetPayload(calendar_days=shown)


def _plan_key(info: Info, plan: strawberry.ID) -> UUID:
    key = local_key(plan, "PricePlan", info.context.membership.project.code)
    if key is None:
        raise UnknownPlan(plan)
    return key
