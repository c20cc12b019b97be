"""Subscription to new readings."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.errors import BadInput
from prewatt_graphql.events import event_stream
from prewatt_graphql.limit_values import METERS_LISTENED_MAX
from prewatt_graphql.readings.types import Reading, reading_of
from prewatt_platform.metering.models import Reading as ReadingRow
from prewatt_platform.metering.repository import MeterRepository


@strawberry.type(description="A new reading with its meter.")
class ReadingAdded:
    """Event of `readingAdded`."""

    meter_number: str = strawberry.field(description="Number of the meter.")
    reading: Reading = strawberry.field(description="The reading.")


@strawberry.type
class ReadingSubscriptions:
    """Root subscriptions on readings."""

    @strawberry.subscription(
        description="New readings of the named meters. A slow client gets the newest reading of a meter and may miss older "
        "ones. Errors: BAD_INPUT for a number that this project does not have."
    )
    async def reading_added(
        self,
        info: Info,
        meters: Annotated[
            list[str], strawberry.argument(description=f"Meter numbers, 1 to {METERS_LISTENED_MAX} of them.")
        ],
    ) -> AsyncGenerator[ReadingAdded, None]:
        here = info.context.membership
        # listen before the first read: a reading stored between read and listening would be missed
        async with info.context.platform.backbone.listening(here.scope.project_id, "reading") as queue:
            numbers = await _numbers(info, meters)
            latest_sent = {row.meter_id: row.at for row in await _latest(info, list(numbers))}
            async with aclosing(event_stream(queue, numbers)) as events:
                async for meter_id in events:
                    for row in await _latest(info, list(numbers) if meter_id is None else [meter_id]):
                        if _is_newer(row, latest_sent.get(row.meter_id)):
                            latest_sent[row.meter_id] = row.at
                            yield ReadingAdded(
                                meter_number=numbers[row.meter_id],
                                reading=reading_of(row, here.project.currency),
                            )


async def _numbers(info: Info, wanted: list[str]) -> dict[UUID, str]:
    if not 1 <= len(wanted) <= METERS_LISTENED_MAX:
        raise BadInput(f"name 1 to {METERS_LISTENED_MAX} meters, not {len(wanted)}", "meters")
    async with info.context.work() as work:
        found = await MeterRepository(work).by_numbers(wanted)
    if unknown := sorted(set(wanted) - {meter.number for meter in found}):
        raise BadInput(f"no meter {unknown[0]}", "meters")
    return {meter.id: meter.number for meter in found}


async def _latest(info: Info, meter_ids: list[UUID]) -> list[ReadingRow]:
    found = await info.context.loaders.readings.load_many(meter_ids)
    return [row for row in found if row is not None]


def _is_newer(row: ReadingRow, latest_sent: datetime | None) -> bool:
    return latest_sent is None or row.at > latest_sent
