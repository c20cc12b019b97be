"""Leader election by a session advisory lock: one process at a time collects and dispatches.

PostgreSQL frees the lock when its connection ends, so a killed process frees it at once. A process that loses the
connection has lost the lock and must stop. Until it stops, two processes can work for a moment: the version of each
command refuses what the late one writes (`control.errors.CommandChanged`).
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
"""Seconds between attempts to become leader."""


class LeadershipLost(Exception):
    """The connection that held the lock is gone."""


@asynccontextmanager
async def leadership(url: str) -> AsyncIterator[asyncio.Future[None]]:
    """Wait for the lock, then hold it for the length of the block.

    Yields a future that fails with `LeadershipLost` when the lock is lost.
    """
    connection = await connect(url)
    lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    try:
        # polled, because the lock is freed by another process: no event in this one announces it
        while not await _try_lock(connection):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY_S)

        def note_loss(_connection: object) -> None:
            if not lost.done():
                lost.set_exception(LeadershipLost())

        connection.add_termination_listener(note_loss)
        yield lost
        # our own close below is no loss
        connection.remove_termination_listener(note_loss)
    finally:
        lost.cancel()
        with time_held():
            await connection.close()


async def _try_lock(connection: "asyncpg.Connection[Any]") -> bool:
    with time_held():
        return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK))
