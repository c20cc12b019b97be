"""HTTP on one listening socket: uvicorn without its own ideas about signals."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from prewatt_graphql.bounds import BODY_BYTES_MAX

GOODBYE_S_MAX = 5
"""How long running requests may go on once the server was told to stop."""


class AddressUnusable(Exception):
    """Nothing can listen on that address: taken, not ours, or no address. Names it."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host = host
        self.port = port
        super().__init__(f"cannot listen on {host} port {port}: {reason}")


class HttpServer(uvicorn.Server):
    """Stops when it is told to, not when the process gets a signal: that is the process's business."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws_max_size=BODY_BYTES_MAX,
                timeout_graceful_shutdown=GOODBYE_S_MAX,
            )
        )
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listener(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one. `AddressUnusable`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        # the protocol must be named: without it asyncio leaves TCP_NODELAY off, and each answer takes 40 ms longer
        bound = socket.socket(family, kind, protocol)
    except OSError as wrong:
        raise AddressUnusable(host, port, wrong.strerror or str(wrong)) from wrong
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(512)  # a second process is refused from here on, not when it begins to accept
    except OSError as wrong:
        bound.close()
        raise AddressUnusable(host, port, wrong.strerror or str(wrong)) from wrong
    return bound


@asynccontextmanager
async def serving(app: ASGIApp, bound: socket.socket) -> AsyncIterator[tuple[str, asyncio.Task[None]]]:
    """Answer on the socket for the length of the block; yields the URL, and the task that ends if the server does."""
    server = HttpServer(app)
    running = asyncio.create_task(server.serve(sockets=[bound]), name="http")
    listening = asyncio.create_task(server.listening.wait())
    try:
        await asyncio.wait({running, listening}, return_when=asyncio.FIRST_COMPLETED)
        yield url_of(bound), running
    finally:
        listening.cancel()
        server.should_exit = True
        await running


def url_of(bound: socket.socket) -> str:
    """Where a client on this machine finds the socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
