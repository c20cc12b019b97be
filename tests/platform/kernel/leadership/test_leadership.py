"""One process leads at a time; another takes over when it ends or loses its connection."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from prewatt_platform.kernel.connections import connect
from prewatt_platform.kernel.leadership import LeadershipLost, leadership

pytestmark = pytest.mark.anyio

CUT_LEADER = """SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""

LEAD = """
import asyncio, sys
from prewatt_platform.kernel.leadership import leadership

async def main():
    async with leadership(sys.argv[1]):
        print("leads", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def cut_leader(url: str) -> None:
    connection = await connect(url)
    assert await connection.fetchval(CUT_LEADER)
    await connection.close()


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def leads(stack: AsyncExitStack, url: str) -> "asyncio.Future[None]":
    async with asyncio.timeout(30):
        return await stack.enter_async_context(leadership(url))


async def test_a_second_process_waits_until_the_first_ends(database_url: str) -> None:
    order: list[str] = []

    async def second() -> None:
        async with leadership(database_url):
            order.append("second leads")

    async with leadership(database_url):
        waiting = asyncio.create_task(second())
        # two looks of the waiting one, at least
        await asyncio.wait([waiting], timeout=1.2)
        order.append("first is done")
    async with asyncio.timeout(30):
        await waiting
    assert order == ["first is done", "second leads"]


async def test_a_lost_connection_ends_leadership_and_another_leads(
    database_url: str, stack: AsyncExitStack
) -> None:
    lost = await leads(stack, database_url)
    assert not lost.done()
    await cut_leader(database_url)
    with pytest.raises(LeadershipLost):
        async with asyncio.timeout(30):
            await lost
    await leads(stack, database_url)


async def test_another_leads_when_the_leader_is_killed(database_url: str, stack: AsyncExitStack) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LEAD, database_url, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    async with asyncio.timeout(30):
        assert await holder.stdout.readline() == b"leads\n"
    holder.kill()
    await holder.wait()
    assert not (await leads(stack, database_url)).done()


async def test_another_database_of_the_same_server_has_a_leader_of_its_own(
    database_url: str, empty_database_url: str, stack: AsyncExitStack
) -> None:
    await leads(stack, database_url)
    await leads(stack, empty_database_url)
