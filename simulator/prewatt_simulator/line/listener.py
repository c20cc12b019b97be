"""Serves buses over TCP or in memory, and dials out for gateways that do.

Owns listeners, diallers and the connection between each of them and its bus. Subclasses of `BusServer` attach the
devices: `Farm` from a site, `Replay` from a recording.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from types import MappingProxyType

from prewatt_fixtures.bounds import FRAMING, HOST, TCP_PORT
from prewatt_fixtures.clock import Clock
from prewatt_fixtures.endpoints import Endpoint, Framing
from prewatt_fixtures.site import SiteDial
from prewatt_simulator.errors import PortTaken
from prewatt_simulator.faults import Faults
from prewatt_simulator.journal.journal import Journal
from prewatt_simulator.line.bus import Bus, Pace
from prewatt_simulator.line.dial_out import Connect, Dialler
from prewatt_simulator.line.gateway import Connection, Line, RtuConnection, TcpConnection
from prewatt_simulator.line.memory import HOST as MEMORY
from prewatt_simulator.line.memory import MemoryNetwork
from prewatt_simulator.line.protocol_wrapper import IdleGuard

Place = tuple[str, int]
"""A gateway's number and one of its ports."""

_CONNECTIONS: Mapping[Framing, type[Connection]] = {"rtu": RtuConnection, "tcp": TcpConnection}


class BusServer:
    """Serves a set of buses with one clock, fault rules and one journal. Subclasses set the attributes below."""

    clock: Clock
    seed: int
    faults: Faults
    journal: Journal
    dials: Mapping[Place, SiteDial] = MappingProxyType({})
    """Ports that dial out instead of listening."""
    _idle_s: Mapping[Place, float] = MappingProxyType({})
    """Ports that drop a client after so many seconds without a byte from it."""
    _buses: Mapping[Place, Bus]
    """By gateway and port, in the order of the listeners."""

    def bus(self, gateway: str, port: int = 1) -> Bus:
        """The bus of a port, to exchange PDUs without sockets. Raises KeyError when there is no such port."""
        return self._buses[gateway, port]

    @asynccontextmanager
    async def serving(
        self, *, host: str = "127.0.0.1", base_port: int = 0, framing: Framing = "rtu"
    ) -> AsyncIterator[tuple[Endpoint, ...]]:
        """Listen on one TCP port per bus, in the order (gateway, port), from `base_port` upwards; 0 takes free ports.

        Yields the endpoints. Ports that dial out do so until the end of the block, which drops every connection and
        frees the ports. Raises `PortTaken` when a port is in use; then none stays open;
        `SettingRefused` for a wrong argument.
        """
        FRAMING.check("framing", framing)
        HOST.check("host", host)
        TCP_PORT.check("base_port", base_port)
        endpoints = []
        async with AsyncExitStack() as stack:
            lines = self._lines()
            listening = ((key, line) for key, line in lines.items() if key not in self.dials)
            for offset, (key, line) in enumerate(listening):
                tcp = base_port + offset if base_port else 0
                server = await _listen(partial(self._accept, framing, key, line), host, tcp)
                stack.push_async_callback(_close, server, line)
                endpoints.append(Endpoint(*key, host, server.sockets[0].getsockname()[1], framing))
            connect = asyncio.get_running_loop().create_connection
            await stack.enter_async_context(self._dialling(lines, framing, connect))
            yield tuple(endpoints)

    @asynccontextmanager
    async def in_memory(self, *, framing: Framing = "rtu") -> AsyncIterator[MemoryNetwork]:
        """Serve the same buses without sockets, to clients in the event loop that runs this.

        Yields the network: its endpoints, `connect` to reach them, and `listen` for ports that dial out. The end of the
        block drops every connection.
        """
        FRAMING.check("framing", framing)
        lines = self._lines()
        listening = ((key, line) for key, line in lines.items() if key not in self.dials)
        network = MemoryNetwork(
            {
                Endpoint(*key, MEMORY, tcp, framing): partial(self._accept, framing, key, line)
                for tcp, (key, line) in enumerate(listening, 1)
            }
        )
        async with self._dialling(lines, framing, network.call):
            try:
                yield network
            finally:
                network.close()
                for line in lines.values():
                    await line.stop()

    @asynccontextmanager
    async def _dialling(
        self, lines: Mapping[Place, Line], framing: Framing, connect: Connect
    ) -> AsyncIterator[None]:
        calls = []
        for key, dial in self.dials.items():
            line, connection = lines[key], _CONNECTIONS[framing]
            dialler = Dialler(self._buses[key], line, connection, dial, self.clock, self.seed, connect)
            calls.append(asyncio.get_running_loop().create_task(dialler.run()))
        try:
            yield
        finally:
            # diallers end before their lines are stopped, or they would dial again
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            for key in self.dials:
                await lines[key].stop()

    def _accept(self, framing: Framing, key: Place, line: Line) -> asyncio.Protocol:
        connection, idle_s = _CONNECTIONS[framing](line), self._idle_s.get(key)
        return connection if idle_s is None else IdleGuard(connection, line, self.clock, idle_s)

    def _lines(self) -> dict[Place, Line]:
        return {key: Line(bus, self.clock, self._pace(*key)) for key, bus in self._buses.items()}

    def _pace(self, _gateway: str, _port: int) -> Pace | None:
        """Transmission times of a bus; None answers at once."""
        return None


async def _listen(accept: Callable[[], asyncio.Protocol], host: str, tcp: int) -> asyncio.Server:
    try:
        return await asyncio.get_running_loop().create_server(accept, host, tcp)
    except OSError as wrong:
        raise PortTaken(host, tcp, wrong.strerror or str(wrong)) from wrong
    except OverflowError as wrong:
        raise PortTaken(host, tcp, "ports end at 65535") from wrong


async def _close(server: asyncio.Server, line: Line) -> None:
    # `wait_closed` waits for the connections too, from Python 3.12 on, so they are dropped before it
    server.close()
    await line.stop()
    await server.wait_closed()
