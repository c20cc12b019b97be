"""A connection to a serial server: bytes out, bytes in, and the exact knowledge of whether anything left.

Plain non-blocking sockets rather than asyncio's streams, for two answers that streams do not give: what has arrived
by now, without waiting; and whether a failed write sent nothing at all. `Connection` is what the master needs, so
that an in-memory line can take the place of TCP.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Protocol

_READ_BYTES = 4096
_ARRIVED_BYTES_MAX = 64 * 1024


class NothingSent(ConnectionError):
    """A write failed before a single byte was taken: the peer has certainly not got the request."""


class Connection(Protocol):
    """A byte stream to one serial server, used by one task at a time."""

    async def write(self, data: bytes) -> None:
        """Send all of `data`; `NothingSent` when surely nothing left, any other OSError when some may have."""
        ...

    async def read(self) -> bytes:
        """The next bytes; b"" when the peer has ended the stream; OSError when it broke."""
        ...

    def arrived(self) -> bytes | None:
        """Bytes received and not read yet; None when the stream has ended, broken, or has no end of bytes."""
        ...

    def close(self) -> None:
        """End it; a read that is waiting returns or raises OSError."""
        ...


Connect = Callable[[str, int], Awaitable[Connection]]
"""(host, TCP port) to a connection; OSError when there is none to be had."""


class TcpConnection:
    """A connected, non-blocking TCP socket."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._loop = asyncio.get_running_loop()
        self._reading = False
        self._closed = False

    async def write(self, data: bytes) -> None:
        try:
            # one direct attempt first: only its error proves that not one byte was taken
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as broken:
            raise NothingSent(str(broken)) from broken
        if sent < len(data):
            await self._loop.sock_sendall(self._socket, data[sent:])

    async def read(self) -> bytes:
        self._reading = True
        try:
            return await self._loop.sock_recv(self._socket, _READ_BYTES)
        finally:
            self._reading = False
            if self._closed:
                self._socket.close()

    def arrived(self) -> bytes | None:
        held = b""
        # bounded: a peer that never stops sending would keep this loop, and with it the event loop, busy
        while len(held) < _ARRIVED_BYTES_MAX:
            try:
                data = self._socket.recv(_READ_BYTES)
            except BlockingIOError:
                return held
            except OSError:
                return None
            if not data:
                return None
            held += data
        return None

    def close(self) -> None:
        self._closed = True
        if not self._reading:
            self._socket.close()
            return
        # The loop watches the socket, so it must not be closed here: wake the reader, which closes it.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


async def tcp_connect(host: str, tcp: int) -> Connection:
    """A connection to the first address of `host` that takes one; OSError otherwise."""
    loop = asyncio.get_running_loop()
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(
        host, tcp, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    ):
        attempt = socket.socket(family, kind, protocol)
        try:
            attempt.setblocking(False)
            # a request is one small segment; Nagle's algorithm would hold the second one of a turn back for an ACK
            attempt.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(attempt, address)
        except OSError as refused:
            attempt.close()
            failure = refused
        except BaseException:
            attempt.close()
            raise
        else:
            return TcpConnection(attempt)
    raise failure
