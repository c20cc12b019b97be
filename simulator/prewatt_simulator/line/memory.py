"""In-memory transport: connections between client and bus inside one event loop, without sockets.

The far end of each is the same protocol object that serves TCP, so framing, queue, faults and wire timing are the
gateway's own. Owns only what the kernel does for a socket: order, a bounded buffer, and the end of a stream.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from prewatt_fixtures.endpoints import Endpoint

HOST = "memory"
"""The host of endpoints that are reached through `MemoryNetwork.connect` only."""

HELD_BYTES_MAX = 65_536
"""Bytes that wait for a client to read; with more, the gateway hears no further requests from it until it reads."""


class MemoryConnection:
    """The client's end: write, read, look what has arrived, close. For one task at a time, as a socket's is."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        self._protocol = protocol
        self._held = b""
        self._full = False
        self._ended = False
        self._waiting = 0
        self._changed = asyncio.Event()
        self._far_end = _FarEnd(self, protocol)
        protocol.connection_made(self._far_end)

    async def write(self, data: bytes) -> None:
        """Hand all of `data` to the gateway, once it listens; BrokenPipeError when the stream has ended before."""
        while not self._ended and not self._far_end.attached_devices:
            await self._change()
        if self._ended:
            raise BrokenPipeError("the stream has ended")
        self._protocol.data_received(data)

    async def read(self) -> bytes:
        """The next bytes; b"" when the stream has ended."""
        while not self._held and not self._ended:
            await self._change()
        return self._take()

    def arrived(self) -> bytes | None:
        """Bytes received and not read yet; None when the stream has ended."""
        return None if self._ended else self._take()

    def close(self) -> None:
        """End it; a read that is waiting returns b""."""
        self._held = b""
        self._far_end.close()

    def deliver(self, data: bytes | bytearray | memoryview) -> None:
        """The gateway's bytes."""
        self._held += data
        if len(self._held) > HELD_BYTES_MAX and not self._full:
            self._full = True
            self._protocol.pause_writing()
        if self._waiting:
            self.wake()

    def end(self) -> None:
        """No more bytes will come."""
        self._ended = True
        self.wake()

    def wake(self) -> None:
        """Wake the waiting reader."""
        self._changed.set()
        self._changed.clear()

    async def _change(self) -> None:
        self._waiting += 1
        try:
            await self._changed.wait()
        finally:
            self._waiting -= 1

    def _take(self) -> bytes:
        data, self._held = self._held, b""
        if self._full:
            self._full = False
            self._protocol.resume_writing()
        return data


class _FarEnd(asyncio.Transport):
    """The gateway's end: what its protocol writes to, stops hearing, and drops."""

    def __init__(self, client: MemoryConnection, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._client = client
        self._protocol = protocol
        self._closing = False
        self.attached_devices = True
        """Whether its protocol takes bytes."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing:
            self._client.deliver(data)

    def is_reading(self) -> bool:
        return self.attached_devices

    def pause_reading(self) -> None:
        self.attached_devices = False

    def resume_reading(self) -> None:
        self.attached_devices = True
        self._client.wake()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._client.end()
            # later, as from a socket: the protocol may be in the middle of what it is doing
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()


class MemoryNetwork:
    """Where the buses of a farm can be reached while it is open, and where they reach whom they dial."""

    def __init__(self, listeners: Mapping[Endpoint, Callable[[], asyncio.Protocol]]) -> None:
        self.endpoints = tuple(listeners)
        self._listeners = {(endpoint.host, endpoint.tcp): accept for endpoint, accept in listeners.items()}
        self._called: dict[tuple[str, int], MemoryListener] = {}

    async def connect(self, host: str, tcp: int) -> MemoryConnection:
        """A connection to the bus of the endpoint with that host and TCP port; ConnectionRefusedError if there is none."""
        accept = self._listeners.get((host, tcp))
        if accept is None:
            raise ConnectionRefusedError(f"nobody listens at {host}:{tcp}")
        return MemoryConnection(accept())

    def listen(self, host: str, tcp: int) -> "MemoryListener":
        """Be who gateways reach that dial that host and TCP port, from now on."""
        self._called[host, tcp] = MemoryListener(partial(self._called.pop, (host, tcp), None))
        return self._called[host, tcp]

    async def call(
        self, protocol: Callable[[], asyncio.Protocol], host: str, tcp: int
    ) -> tuple[None, asyncio.Protocol]:
        """A gateway's way to a listener, as an event loop's `create_connection`; ConnectionRefusedError without one."""
        listener = self._called.get((host, tcp))
        if listener is None:
            raise ConnectionRefusedError(f"nobody listens at {host}:{tcp}")
        calling = protocol()
        listener.take(MemoryConnection(calling))
        return None, calling

    def close(self) -> None:
        """Take no more connections."""
        self._listeners.clear()
        self._called.clear()


class MemoryListener:
    """A head end that gateways call."""

    def __init__(self, forget: Callable[[], object]) -> None:
        self._forget = forget
        self._calls: asyncio.Queue[MemoryConnection] = asyncio.Queue()

    async def accept(self) -> MemoryConnection:
        """The next call."""
        return await self._calls.get()

    def take(self, connection: MemoryConnection) -> None:
        """A call has come."""
        self._calls.put_nowait(connection)

    def close(self) -> None:
        """Take no more calls; those that were taken go on."""
        self._forget()
