"""Whose turn it is on a bus: one at a time, commands first, nobody lost."""

import asyncio
from typing import Any

import pytest

from prewatt_platform.field.bus_lock import BusLock, Priority

pytestmark = pytest.mark.anyio


class Queue:
    """Starts takers one after the other and writes down who got the turn."""

    def __init__(self) -> None:
        self.lock = BusLock()
        self.order: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.go = asyncio.Event()

    async def join(self, name: str, priority: Priority) -> None:
        self.tasks[name] = asyncio.create_task(self._take(name, priority))
        await asyncio.sleep(0)

    async def _take(self, name: str, priority: Priority) -> None:
        async with self.lock.turn(priority):
            self.order.append(name)
            await self.go.wait()

    async def finish(self) -> list[str]:
        self.go.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        return self.order


async def test_commands_overtake_polls_and_each_kind_keeps_its_order() -> None:
    queue = Queue()
    for name, priority in [
        ("poll 1", Priority.POLL),
        ("poll 2", Priority.POLL),
        ("command 1", Priority.COMMAND),
        ("poll 3", Priority.POLL),
        ("command 2", Priority.COMMAND),
    ]:
        await queue.join(name, priority)
    assert queue.order == ["poll 1"]
    assert await queue.finish() == ["poll 1", "command 1", "command 2", "poll 2", "poll 3"]


async def test_who_is_cancelled_while_waiting_is_passed_over() -> None:
    queue = Queue()
    for name in ("first", "second", "third"):
        await queue.join(name, Priority.POLL)
    queue.tasks["second"].cancel()
    assert await queue.finish() == ["first", "third"]


async def test_turn_handed_to_a_task_that_dies_the_same_moment_is_not_lost() -> None:
    """`second` holds its ticket, but is cancelled before it runs."""
    turnstile = BusLock()
    order: list[str] = []

    async def take(name: str) -> None:
        async with turnstile.turn(Priority.POLL):
            order.append(name)

    async with turnstile.turn(Priority.POLL):
        second = asyncio.create_task(take("second"))
        third = asyncio.create_task(take("third"))
        await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(second, third, return_exceptions=True)
    assert order == ["third"]


async def test_commands_go_ahead_of_polls_on_the_wire_and_never_beside_them(wire: Any) -> None:
    """The serial server sees the command's frame right behind the poll that was on the line."""
    first_on_line, go = asyncio.Event(), asyncio.Event()

    async def script(asked: Any) -> None:
        first_on_line.set()
        await go.wait()
        assert master.traffic.requests - master.traffic.replies == 1
        asked.write(asked.frame())

    async with wire.serve(script) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)

        async def ask(priority: Priority, start: int) -> None:
            async with master.turn(priority):
                await master.exchange(station, wire.read(start, 2))
                await master.exchange(station, wire.read(start + 2, 2))

        tasks = [asyncio.create_task(ask(Priority.POLL, 100))]
        await first_on_line.wait()
        tasks += [
            asyncio.create_task(ask(Priority.POLL, 200)),
            asyncio.create_task(ask(Priority.COMMAND, 300)),
        ]
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*tasks)
        assert [start for start, _ in server.reads] == [100, 102, 300, 302, 200, 202]
