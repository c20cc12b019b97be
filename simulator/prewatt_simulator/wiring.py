"""Buses on one clock, with faults and a journal, reached over TCP or in memory.

Owns listening and the way from a listener to its bus. What hangs on the buses is for those who build them to say: a farm
builds them from a site, a replay from a recording.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from prewatt_fixtures.clock import Clock
from prewatt_fixtures.endpoints import Endpoint, Framing
from prewatt_simulator.bus import Bus, Pace
from prewatt_simulator.errors import PortTaken
from prewatt_simulator.faults import Faults
from prewatt_simulator.gateway import Connection, Line, RtuConnection, TcpConnection
from prewatt_simulator.journal import Journal
from prewatt_simulator.memory import HOST as MEMORY
from prewatt_simulator.memory import MemoryNetwork

_CONNECTIONS: Mapping[Framing, type[Connection]] = {"rtu": RtuConnection, "tcp": TcpConnection}


class Wiring:
    """What can be reached. Subclasses set everything below before anybody asks."""

    clock: Clock
    seed: int
    faults: Faults
    journal: Journal
    _buses: Mapping[tuple[str, int], Bus]
    """By gateway and port, in the order of their listeners."""

    def bus(self, gateway: str, port: int = 1) -> Bus:
        """One bus, to exchange PDUs without sockets; KeyError when there is no such port."""
        return self._buses[gateway, port]

    @asynccontextmanager
    async def serving(
        self, *, host: str = "127.0.0.1", base_port: int = 0, framing: Framing = "rtu"
    ) -> AsyncIterator[tuple[Endpoint, ...]]:
        """Listen, one TCP port per bus in the order (gateway, port) from `base_port` upwards; 0 takes free ones.

        Yields where. On leaving, every connection is dropped and the ports are free again. `PortTaken` when one
        is in use; then none stays open.
        """
        endpoints = []
        async with AsyncExitStack() as stack:
            for offset, (key, line) in enumerate(self._lines().items()):
                tcp = base_port + offset if base_port else 0
                server = await _listen(line, _CONNECTIONS[framing], host, tcp)
                stack.push_async_callback(_close, server, line)
                endpoints.append(Endpoint(*key, host, server.sockets[0].getsockname()[1], framing))
            yield tuple(endpoints)

    @asynccontextmanager
    async def in_memory(self, *, framing: Framing = "rtu") -> AsyncIterator[MemoryNetwork]:
        """The same lines without sockets, for clients in the event loop that runs this.

        Yields their endpoints and the `connect` that reaches them. On leaving, every connection is dropped.
        """
        lines = self._lines()
        network = MemoryNetwork(
            {
                Endpoint(*key, MEMORY, tcp, framing): partial(_CONNECTIONS[framing], line)
                for tcp, (key, line) in enumerate(lines.items(), 1)
            }
        )
        try:
            yield network
        finally:
            network.close()
            for line in lines.values():
                await line.stop()

    def _lines(self) -> dict[tuple[str, int], Line]:
        return {key: Line(bus, self.clock, self._pace(*key)) for key, bus in self._buses.items()}

    def _pace(self, _gateway: str, _port: int) -> Pace | None:
        """How long things take on a bus; None answers at once."""
        return None


async def _listen(line: Line, connection: type[Connection], host: str, tcp: int) -> asyncio.Server:
    try:
        return await asyncio.get_running_loop().create_server(lambda: connection(line), host, tcp)
    except OSError as wrong:
        raise PortTaken(host, tcp, wrong.strerror or str(wrong)) from wrong
    except OverflowError as wrong:
        raise PortTaken(host, tcp, "ports end at 65535") from wrong


async def _close(server: asyncio.Server, line: Line) -> None:
    server.close()
    await line.stop()
    await server.wait_closed()
