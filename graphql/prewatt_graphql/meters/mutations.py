"""How often meters are read."""

from typing import Annotated

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.errors import BadInput
from prewatt_graphql.meters.types import Meter
from prewatt_graphql.payloads import MutationPayload, mutation
from prewatt_graphql.projects.types import Project
from prewatt_platform.accounts.meter_list import MeterListRepository
from prewatt_platform.metering.service import MeteringService
from prewatt_platform.operators.rules import Permission

MINUTES_MAX = 24 * 60


@strawberry.input(description="How often a meter, or the whole project, is to be read.")
class ReadingIntervalSetInput:
    """What `readingIntervalSet` takes."""

    meter_number: str | None = strawberry.field(
        default=None, description="The meter; null: the whole project."
    )
    minutes: int | None = strawberry.field(
        default=None, description="1 to 1440; null with a meter: as often as the project says."
    )


@strawberry.type(description="What was changed.")
class ReadingIntervalSetPayload(MutationPayload):
    """What `readingIntervalSet` gives."""

    project: Project | None = strawberry.field(default=None, description="The project as it is now.")
    meter: Meter | None = strawberry.field(
        default=None, description="The meter as it is now, if one was named."
    )


@strawberry.type
class MeterMutations:
    """Root mutations on meters."""

    @mutation(ReadingIntervalSetPayload, "Set how often a meter or the project is read.")
    async def reading_interval_set(
        self,
        info: Info,
        input: Annotated[ReadingIntervalSetInput, strawberry.argument(description="Which, and how often.")],  # noqa: A002 - the API's own word
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
            project=Project.of(project, info.context.here.role),
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
