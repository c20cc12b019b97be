"""Mutations on meters: the reading interval."""

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.errors import BadInput
from prewatt_graphql.meters.types import Meter
from prewatt_graphql.payloads import Input, MutationPayload, mutation
from prewatt_graphql.projects.types import Project
from prewatt_platform.accounts.meter_list import MeterListRepository
from prewatt_platform.metering.service import MeteringService
from prewatt_platform.operators.rules import Permission

MINUTES_MAX = 24 * 60


@strawberry.input(description="A reading interval for a meter or for the project.")
class ReadingIntervalSetInput:
    """Input of `readingIntervalSet`."""

    meter_number: str | None = strawberry.field(
        default=None, description="Number of the meter; null sets the project's interval."
    )
    minutes: int | None = strawberry.field(
        default=None,
        description="Minutes between readings, 1 to 1440; null, with a meter only, returns to the project's interval.",
    )


@strawberry.type(description="Result of `readingIntervalSet`.")
class ReadingIntervalSetPayload(MutationPayload):
    """Payload of `readingIntervalSet`."""

    project: Project | None = strawberry.field(default=None, description="The project after the change.")
    meter: Meter | None = strawberry.field(
        default=None, description="The meter after the change; null when the project's interval was set."
    )


@strawberry.type
class MeterMutations:
    """Root mutations on meters."""

    @mutation(
        ReadingIntervalSetPayload,
        "Set the reading interval of a meter, or of the project (needs `project:configure`). Errors: NOT_FOUND, BAD_INPUT.",
    )
    async def reading_interval_set(
        self, info: Info, input: Input[ReadingIntervalSetInput]
    ) -> ReadingIntervalSetPayload:
        interval_s = _interval_s(input)
        if input.meter_number is None:
            info.context.require(Permission.PROJECT_CONFIGURE)
        async with info.context.work() as work:
            project, changed = await MeteringService(work).set_reading_interval(
                input.meter_number, interval_s
            )
            row = None if changed is None else await MeterListRepository(work).by_id(changed.id)
        return ReadingIntervalSetPayload(
            project=Project.of(project, info.context.membership.role),
            meter=None if row is None else Meter.of(row, project),
        )


def _interval_s(wanted: ReadingIntervalSetInput) -> int | None:
    if wanted.minutes is None:
        if wanted.meter_number is None:
            raise BadInput("a project needs an interval; only a meter can go without", "input", "minutes")
        return None
    if not 1 <= wanted.minutes <= MINUTES_MAX:
        raise BadInput(f"minutes is between 1 and {MINUTES_MAX}, not {wanted.minutes}", "input", "minutes")
    return wanted.minutes * 60
