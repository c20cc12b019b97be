"""Wrappers between a transport and a gateway's connection.

Each subclass adds one behaviour, such as an idle time-out.
"""

import asyncio
from typing import cast

from prewatt_fixtures.clock import Clock
from prewatt_simulator.line.gateway import Line

_TIME_RESOLUTION_S = 1e-6
"""Sums of Unix times held in floats are no more exact than this; a rest below it counts as elapsed."""


class ProtocolWrapper(asyncio.Protocol):
    """Forwards all transport events to `connection`."""

    def __init__(self, connection: asyncio.Protocol) -> None:
        self._connection = connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connection.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._connection.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()


class IdleTimer:
    """Measures the time since the last activity, on the farm's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_s = clock.time()

    def interrupt(self) -> None:
        """Start again from zero."""
        self._last_s = self._clock.time()

    async def reaches(self, seconds: float) -> None:
        """Return once `seconds` have passed without an `interrupt`."""
        while (left_s := self._last_s + seconds - self._clock.time()) > _TIME_RESOLUTION_S:
            await self._clock.sleep(left_s)


class IdleGuard(ProtocolWrapper):
    """Closes a client's connection after `idle_s` without a byte from it, as serial servers with an idle time-out do."""

    def __init__(self, connection: asyncio.Protocol, line: Line, clock: Clock, idle_s: float) -> None:
        super().__init__(connection)
        self._line = line
        self._idle_s = idle_s
        self._idle_timer = IdleTimer(clock)
        self._watching: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._idle_timer.interrupt()
        self._watching = asyncio.get_running_loop().create_task(self._watch(transport))
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._idle_timer.interrupt()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        cast("asyncio.Task[None]", self._watching).cancel()
        super().connection_lost(exc)

    async def _watch(self, transport: asyncio.BaseTransport) -> None:
        await self._idle_timer.reaches(self._idle_s)
        self._line.note("idle client dropped")
        transport.close()
