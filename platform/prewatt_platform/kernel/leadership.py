"""Leader election by a session advisory lock: one process at a time collects and dispatches.

The lock lives and dies with its connection, so a killed process frees it at once. Whoever loses the connection has
lost the lock and must stop; the versions of commands refuse what a late stopper still writes.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from prewatt_fixtures.virtual import time_held
from prewatt_platform.kernel.connections import connect

LEADER_LOCK = 0x706C6561  # "plea"
LOOK_EVERY_S = 0.5


class LeadershipLost(Exception):
    """The connection that held the lock is gone."""


@asynccontextmanager
async def leadership(url: str) -> AsyncIterator[asyncio.Future[None]]:
    """Wait until this process leads, then lead for the length of the block.

    Yields a future that fails with `LeadershipLost` when the lock is lost.
    """
    connection = await connect(url)
    lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    try:
        # what is waited for happens in another process
        while not await _try_lock(connection):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY_S)

        def note_loss(_connection: object) -> None:
            if not lost.done():
                lost.set_exception(LeadershipLost())

        connection.add_termination_listener(note_loss)
        yield lost
        connection.remove_termination_listener(note_loss)
    finally:
        lost.cancel()
        with time_held():
            await connection.close()


async def _try_lock(connection: "asyncpg.Connection[Any]") -> bool:
    with time_held():
        return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK))
