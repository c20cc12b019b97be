"""Recording proxy between clients and real gateways: forwards every byte at once and records exchanges.

Owns the pairs of connections. Each client gets a connection of its own to the gateway; the end of one ends the other,
and so does a gateway that cannot be reached. A client is not read before its gateway is connected, or while that does
not read, so that nothing piles up.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import cast

from prewatt_fixtures.bounds import HOST, TCP_PORT
from prewatt_fixtures.clock import Clock, RealClock, ScaledClock
from prewatt_fixtures.endpoints import Endpoint
from prewatt_simulator.errors import PortTaken
from prewatt_simulator.recording.file import Exchange, RecordingFile
from prewatt_simulator.recording.tap import TappedExchange, tap


class Recorder:
    """A recording in progress."""

    def __init__(self, file: RecordingFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._start_s = clock.time()
        self.failed = asyncio.Event()
        """Set when the file cannot be written any more; bytes are forwarded all the same."""
        self.failure: OSError | None = None
        self.endpoints: tuple[Endpoint, ...] = ()
        """Listeners for clients."""
        self.stray_bytes = 0
        """Bytes of closed connections that were no part of an exchange."""

    @property
    def exchanges(self) -> int:
        """Number of exchanges written."""
        return self._file.exchanges

    def now_s(self) -> float:
        """Time of the recording's clock, Unix seconds."""
        return self._clock.time()

    def write(self, gateway: Endpoint, heard: list[TappedExchange]) -> None:
        """Append exchanges of a gateway."""
        for at_s, unit, request, reply, latency_s in heard:
            at_us = max(round((at_s - self._start_s) * 1e6), 0)
            latency_us = None if latency_s is None else max(round(latency_s * 1e6), 0)
            exchange = Exchange(at_us, gateway.gateway, gateway.port, unit, request, reply, latency_us)
            if self.failure is None:
                self._try_to_write(exchange)

    def _try_to_write(self, exchange: Exchange) -> None:
        try:
            self._file.write(exchange)
        except OSError as wrong:
            self.failure = wrong
            self.failed.set()


@asynccontextmanager
async def record(
    path: Path,
    gateways: Sequence[Endpoint],
    *,
    host: str = "127.0.0.1",
    base_port: int = 0,
    clock: Clock | None = None,
) -> AsyncIterator[Recorder]:
    """Record the traffic of gateways, all of one framing, to a new file at `path`.

    Listens on one TCP port per gateway, from `base_port` upwards, or on free ones. `clock` defaults to one that starts
    at the machine's time and is steady from there. Raises `PortTaken`, `SettingRefused`, and OSError when the file exists, cannot be
    written, or could not be written to the end.
    """
    HOST.check("host", host)
    TCP_PORT.check("base_port", base_port)
    clock = ScaledClock(RealClock().now()) if clock is None else clock
    places = tuple((each.gateway, each.port) for each in gateways)
    async with AsyncExitStack() as stack:
        file = stack.enter_context(RecordingFile(path, clock.now(), gateways[0].framing, places))
        recorder = Recorder(file, clock)
        endpoints = []
        for offset, gateway in enumerate(gateways):
            listener = await stack.enter_async_context(
                _listening(recorder, gateway, host, base_port + offset if base_port else 0)
            )
            endpoints.append(listener)
        recorder.endpoints = tuple(endpoints)
        yield recorder
    if recorder.failure is not None:
        raise recorder.failure


@asynccontextmanager
async def _listening(recorder: Recorder, gateway: Endpoint, host: str, tcp: int) -> AsyncIterator[Endpoint]:
    pairs: set[_Pair] = set()
    try:
        server = await asyncio.get_running_loop().create_server(
            lambda: _Pair(recorder, gateway, pairs).client, host, tcp
        )
    except (OSError, OverflowError) as wrong:
        raise PortTaken(host, tcp, getattr(wrong, "strerror", None) or str(wrong)) from wrong
    try:
        yield Endpoint(
            gateway.gateway, gateway.port, host, server.sockets[0].getsockname()[1], gateway.framing
        )
    finally:
        server.close()
        for pair in tuple(pairs):
            pair.drop()
        await server.wait_closed()


class _Pair:
    """A client's connection and its connection to the gateway."""

    def __init__(self, recorder: Recorder, gateway: Endpoint, pairs: "set[_Pair]") -> None:
        self._recorder = recorder
        self._to = gateway
        self._pairs = pairs
        self._tap = tap(gateway.framing)
        self._connecting: asyncio.Task[None] | None = None
        self.client = _Side(self._on_client_data, self._on_client_connected, self.close)
        self.gateway = _Side(self._on_gateway_data, self._on_gateway_connected, self.close)
        self.client.other, self.gateway.other = self.gateway, self.client

    def close(self) -> None:
        """Close both connections after flushing them."""
        if self in self._pairs:
            self._pairs.remove(self)
            self._recorder.write(self._to, self._tap.end())
            self._recorder.stray_bytes += self._tap.stray_bytes
            if self._connecting is not None:
                self._connecting.cancel()
            self.client.close()
            self.gateway.close()

    def drop(self) -> None:
        """Close both connections at once, without sending what is buffered."""
        self.close()
        self.client.abort()
        self.gateway.abort()

    def _on_client_connected(self) -> None:
        self._pairs.add(self)
        self.client.pause_reading()
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: self.gateway, self._to.host, self._to.tcp
            )
        except OSError:
            self.close()

    def _on_gateway_connected(self) -> None:
        self._connecting = None
        if self in self._pairs:
            self.client.resume_reading()
        else:
            self.gateway.abort()

    def _on_client_data(self, data: bytes) -> None:
        self._recorder.write(self._to, self._tap.from_client(data, self._recorder.now_s()))

    def _on_gateway_data(self, data: bytes) -> None:
        self._recorder.write(self._to, self._tap.from_gateway(data, self._recorder.now_s()))


class _Side(asyncio.Protocol):
    """One connection of a pair; its input is the other's output."""

    other: "_Side"

    def __init__(
        self,
        on_data: Callable[[bytes], None],
        on_connected: Callable[[], None],
        on_closed: Callable[[], None],
    ) -> None:
        self._on_data = on_data
        self._on_connected = on_connected
        self._on_closed = on_closed
        self._transport: asyncio.Transport | None = None
        self._half_closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._on_connected()

    def data_received(self, data: bytes) -> None:
        # forwarded before it is recorded, so that recording adds no delay
        self.other.send(data)
        self._on_data(data)

    def eof_received(self) -> bool:
        # A client may close its sending side and still read replies: the pair ends when both sides have ended.
        self._half_closed = True
        if self.other.half_close():
            self._on_closed()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._on_closed()

    def pause_writing(self) -> None:
        self.other.pause_reading()

    def resume_writing(self) -> None:
        self.other.resume_reading()

    def send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def half_close(self) -> bool:
        """Send the end of the stream; return whether this side has received one too, so that the pair is done."""
        if self._transport is not None and self._transport.can_write_eof():
            self._transport.write_eof()
        return self._half_closed

    def pause_reading(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
