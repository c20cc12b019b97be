"""Event streams of subscriptions.

An event may be lost with a connection, so nobody waits for one for ever: after a while the subscription looks for
itself.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection
from typing import Final
from uuid import UUID

from prewatt_platform.kernel.backbone import Event

LOOK_AGAIN_S: Final = 10.0


async def event_stream(
    queue: asyncio.Queue[Event], subjects: Collection[UUID]
) -> AsyncGenerator[UUID | None, None]:
    """The subject of each event that concerns one of `subjects`; None when it is time to look without one."""
    while True:
        try:
            async with asyncio.timeout(LOOK_AGAIN_S):
                subject = (await queue.get()).subject
        except TimeoutError:
            yield None
        else:
            if subject in subjects:
                yield subject
