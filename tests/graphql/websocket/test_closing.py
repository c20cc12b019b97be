"""A WebSocket connection closes with its credential and frees all that it used."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from prewatt_fixtures.clock import ManualClock
from prewatt_graphql import socket as socket_module
from prewatt_platform.kernel.settings import Settings

pytestmark = pytest.mark.anyio

LISTEN = 'subscription { readingAdded(meters: ["0000010101"]) { meterNumber } }'


async def test_closes_soon_after_sign_out(own_stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_module, "CREDENTIAL_CHECK_S", 0.05)
    admin = await (await own_stack(work="api")).client()
    async with admin.socket() as socket:
        await socket.subscribe(LISTEN)
        await admin.data("mutation { signOut { errors { code } } }")
        assert (await socket.closed())[0] == socket_module.SIGNED_OUT_CODE


async def test_closes_soon_after_its_operator_left_the_project(
    own_stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy import text

    monkeypatch.setattr(socket_module, "CREDENTIAL_CHECK_S", 0.05)
    stack = await own_stack(work="api")
    admin = await stack.client()
    async with admin.socket() as socket:
        await socket.subscribe(LISTEN)
        async with stack.deployment.database.engine.begin() as connection:
            await connection.execute(text("DELETE FROM memberships"))
        assert (await socket.closed())[0] == socket_module.SIGNED_OUT_CODE
    assert await admin.code("{ meters { totalCount } }") == "PROJECT_REQUIRED", (
        "and the next request is refused"
    )


@pytest.mark.parametrize(("idle_s", "absolute_s"), [(3600, 600), (600, 3600)])
async def test_closes_when_the_session_ends_also_by_idle_time(
    own_stack: Any, until: Any, idle_s: int, absolute_s: int
) -> None:
    """An open connection is no use of the session: a terminal that nobody touches is signed out."""
    clock = ManualClock(datetime(2026, 1, 31, tzinfo=UTC))
    settings = Settings(session_idle_s=idle_s, session_absolute_s=absolute_s)
    stack = await own_stack(work="api", clock=clock, settings=settings)
    admin = await stack.client()
    async with admin.socket() as socket:
        await socket.subscribe(LISTEN)
        closed = asyncio.create_task(socket.closed())
        for _ in range(600 // 10 - 1):
            await until(lambda: asleep(clock))
            clock.advance(10)
        await until(lambda: asleep(clock))
        assert not closed.done(), "ten seconds are left"
        clock.advance(10)
        assert (await closed)[0] == socket_module.SIGNED_OUT_CODE


def asleep(clock: ManualClock) -> bool:
    """Whether the connection's watch sleeps."""
    return any(not woken.done() for _, _, woken in clock._sleepers)


async def test_stays_open_while_the_credential_is_valid(
    own_stack: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "CREDENTIAL_CHECK_S", 0.01)
    stack = await own_stack(work="api")
    looks = 0
    authenticate = stack.deployment.platform.operators.authenticate

    async def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal looks
        looks += 1
        return await authenticate(*args, **kwargs)

    admin = await stack.client()
    monkeypatch.setattr(stack.deployment.platform.operators, "authenticate", counted)
    async with admin.socket() as socket:
        await until(lambda: looks >= 5)
        await socket.send(type="ping")
        assert (await socket.receive())["type"] == "pong"


async def test_killed_connections_leave_no_task_queue_or_database_connection(
    own_stack: Any, until: Any
) -> None:
    stack = await own_stack(work="api")
    admin = await stack.client()
    platform = stack.deployment.platform
    topic = (stack.deployment.scope.project_id, "reading")

    async def one_connection(*, politely: bool) -> None:
        async with admin.socket() as socket:
            for number in range(3):
                await socket.subscribe(LISTEN, str(number))
            await socket.send(type="ping")
            assert (await socket.receive())["type"] == "pong"
            await until(lambda: len(platform.backbone._queues.get(topic, ())) == 3)
            if not politely:
                socket.connection.transport.abort()

    def in_use() -> tuple[int, int, int]:
        """Tasks, queues, database connections."""
        tasks = [task for task in asyncio.all_tasks() if not task.done()]
        return len(tasks), len(platform.backbone._queues), platform.database.engine.pool.checkedout()

    await one_connection(politely=True)
    await until(lambda: in_use()[1:] == (0, 0))
    base = in_use()
    for number in range(20):
        await one_connection(politely=number % 2 == 0)
    await until(lambda: in_use() <= base)
    async with httpx.AsyncClient(verify=False) as client:
        counts = (await client.get(f"{stack.live.url}/metrics")).text
    assert "prewatt_sockets 0" in counts
    assert "prewatt_subscriptions 0" in counts
