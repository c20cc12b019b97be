"""In-memory transport: connections between client and bus inside one event loop, without sockets.

The gateway's end is the protocol object that serves TCP too, so framing, queue, faults and wire timing are the same.
Owns what the kernel does for a socket: order, a bounded buffer, and the end of the stream.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from prewatt_fixtures.endpoints import Endpoint

HOST = "memory"
"""Host of the endpoints that `MemoryNetwork.connect` reaches."""

HELD_BYTES_MAX = 65_536
"""Unread bytes above which the gateway reads no further requests of a client, like a full socket buffer."""


class MemoryConnection:
    """The client's end of a connection. For one task at a time, as a socket's stream is."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        self._protocol = protocol
        self._held = b""
        self._full = False
        self._ended = False
        self._waiting = 0
        self._changed = asyncio.Event()
        self._gateway_end = _GatewayTransport(self, protocol)
        protocol.connection_made(self._gateway_end)

    async def write(self, data: bytes) -> None:
        """Send `data` once the gateway reads. Raises BrokenPipeError when the stream has ended."""
        while not self._ended and not self._gateway_end.reading:
            await self._wait_for_change()
        if self._ended:
            raise BrokenPipeError("the stream has ended")
        self._protocol.data_received(data)

    async def read(self) -> bytes:
        """Wait for the next bytes; b"" at the end of the stream."""
        while not self._held and not self._ended:
            await self._wait_for_change()
        return self._take()

    def arrived(self) -> bytes | None:
        """Bytes received and not read yet, without waiting; None at the end of the stream."""
        return None if self._ended else self._take()

    def close(self) -> None:
        """End the stream; a waiting `read` returns b""."""
        self._held = b""
        self._gateway_end.close()

    def deliver(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes from the gateway."""
        self._held += data
        if len(self._held) > HELD_BYTES_MAX and not self._full:
            self._full = True
            self._protocol.pause_writing()
        if self._waiting:
            self.wake()

    def end(self) -> None:
        """Mark the end of the stream and wake the reader."""
        self._ended = True
        self.wake()

    def wake(self) -> None:
        """Wake a waiting reader or writer."""
        self._changed.set()
        self._changed.clear()

    async def _wait_for_change(self) -> None:
        self._waiting += 1
        try:
            await self._changed.wait()
        finally:
            self._waiting -= 1

    def _take(self) -> bytes:
        data, self._held = self._held, b""
        # the gateway goes on reading only once everything was taken, like a socket below its low-water mark
        if self._full:
            self._full = False
            self._protocol.resume_writing()
        return data


class _GatewayTransport(asyncio.Transport):
    """Transport of the gateway's protocol."""

    def __init__(self, client: MemoryConnection, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._client = client
        self._protocol = protocol
        self._closing = False
        self.reading = True
        """Whether the protocol takes bytes now."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing:
            self._client.deliver(data)

    def is_reading(self) -> bool:
        return self.reading

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True
        self._client.wake()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._client.end()
            # Later, as from a socket: the protocol may have called `close` from inside `data_received`.
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()


class MemoryNetwork:
    """In-memory counterpart of a network: connects clients to buses, and ports that dial out to head ends."""

    def __init__(self, listeners: Mapping[Endpoint, Callable[[], asyncio.Protocol]]) -> None:
        self.endpoints = tuple(listeners)
        self._listeners = {(endpoint.host, endpoint.tcp): accept for endpoint, accept in listeners.items()}
        self._head_ends: dict[tuple[str, int], MemoryListener] = {}

    async def connect(self, host: str, tcp: int) -> MemoryConnection:
        """Connect to the endpoint of that host and TCP port. Raises ConnectionRefusedError when there is none."""
        accept = self._listeners.get((host, tcp))
        if accept is None:
            raise ConnectionRefusedError(f"nobody listens at {host}:{tcp}")
        return MemoryConnection(accept())

    def listen(self, host: str, tcp: int) -> "MemoryListener":
        """Accept the calls of gateways that dial that host and TCP port, in place of an earlier listener."""
        self._head_ends[host, tcp] = MemoryListener(partial(self._head_ends.pop, (host, tcp), None))
        return self._head_ends[host, tcp]

    async def call(
        self, protocol: Callable[[], asyncio.Protocol], host: str, tcp: int
    ) -> tuple[None, asyncio.Protocol]:
        """Connect a gateway's protocol to a listener, like `create_connection` of an event loop.

        Raises ConnectionRefusedError when nobody listens there.
        """
        listener = self._head_ends.get((host, tcp))
        if listener is None:
            raise ConnectionRefusedError(f"nobody listens at {host}:{tcp}")
        calling = protocol()
        listener.take(MemoryConnection(calling))
        return None, calling

    def close(self) -> None:
        """Refuse further connections; existing ones stay."""
        self._listeners.clear()
        self._head_ends.clear()


class MemoryListener:
    """Head end that gateways dial."""

    def __init__(self, forget: Callable[[], object]) -> None:
        self._forget = forget
        self._calls: asyncio.Queue[MemoryConnection] = asyncio.Queue()

    async def accept(self) -> MemoryConnection:
        """Wait for the next call."""
        return await self._calls.get()

    def take(self, connection: MemoryConnection) -> None:
        """Queue a call for `accept`."""
        self._calls.put_nowait(connection)

    def close(self) -> None:
        """Refuse further calls; existing ones stay."""
        self._forget()
