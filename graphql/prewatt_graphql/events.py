"""Event streams of subscriptions.

An event can be lost with the database connection, so a subscription also reads the rows by itself every
`POLL_INTERVAL_S`.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection
from typing import Final
from uuid import UUID

from prewatt_platform.kernel.backbone import Event

POLL_INTERVAL_S: Final = 10.0


async def event_stream(
    queue: asyncio.Queue[Event], subjects: Collection[UUID]
) -> AsyncGenerator[UUID | None, None]:
    """Yield the subject of each event on one of `subjects`; None after `POLL_INTERVAL_S` without an event."""
    while True:
        try:
            async with asyncio.timeout(POLL_INTERVAL_S):
                subject = (await queue.get()).subject
        except TimeoutError:
            yield None
        else:
            if subject in subjects:
                yield subject
