"""Who may use a bus now: one at a time, commands ahead of polls, first come first served within each."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum


class Priority(IntEnum):
    """Lower goes first."""

    COMMAND = 0
    POLL = 1


class BusLock:
    """A lock with two priorities. A cancelled waiter is removed from its queue."""

    def __init__(self) -> None:
        self._taken = False
        self._queues: tuple[deque[asyncio.Future[None]], ...] = tuple(deque() for _ in Priority)

    @asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncIterator[None]:
        """The bus for the length of the block."""
        await self._enter(priority)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, priority: Priority) -> None:
        if not self._taken:
            self._taken = True
            return
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues[priority].append(ticket)
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.cancelled():
                self._queues[priority].remove(ticket)
            else:
                self._leave()  # the turn had been handed over already
            raise

    def _leave(self) -> None:
        for queue in self._queues:
            for ticket in queue:
                if not ticket.done():
                    queue.remove(ticket)
                    ticket.set_result(None)
                    return
        self._taken = False
