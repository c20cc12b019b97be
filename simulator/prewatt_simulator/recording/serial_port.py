"""Makes a serial port a gateway: a TCP listener on loopback whose one client reaches the port, byte for byte.

The recording proxy has TCP on both sides and can so record at a serial port too. Linux only: the port is set by termios.
"""

import asyncio
import os
import termios
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from prewatt_fixtures.endpoints import Endpoint
from prewatt_simulator.errors import SerialPortError

PIECE_BYTES: Final = 4096
UNSENT_BYTES_MAX: Final = 65536
"""Bytes from the port that wait for a client that does not read. Further ones are lost, as without flow control."""
SPEEDS: Final = {
    1200: termios.B1200,
    2400: termios.B2400,
    4800: termios.B4800,
    9600: termios.B9600,
    19200: termios.B19200,
    38400: termios.B38400,
    57600: termios.B57600,
    115200: termios.B115200,
}


@asynccontextmanager
async def serial_gateway(
    path: Path, gateway: str, port: int, *, baud: int = 9600, parity: str = "N"
) -> AsyncIterator[Endpoint]:
    """Serve the serial port during the block; yields its endpoint. Raises `SerialPortError`."""
    descriptor = _opened(path, baud, parity)
    bridge = _Bridge(descriptor)
    server = await asyncio.start_server(bridge.serve, "127.0.0.1", 0)
    try:
        host, tcp = server.sockets[0].getsockname()[:2]
        yield Endpoint(gateway, port, host, tcp, "rtu")
    finally:
        server.close()
        await server.wait_closed()
        bridge.close()
        os.close(descriptor)


def _opened(path: Path, baud: int, parity: str) -> int:
    if baud not in SPEEDS:
        raise SerialPortError(path, f"a speed of {', '.join(map(str, SPEEDS))} baud is expected, not {baud}")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as wrong:
        raise SerialPortError(path, wrong.strerror or str(wrong)) from wrong
    try:
        tty.setraw(descriptor)
        settings = termios.tcgetattr(descriptor)
    except termios.error as wrong:
        os.close(descriptor)
        raise SerialPortError(path, "it is no serial port") from wrong
    settings[2] = termios.CREAD | termios.CLOCAL | termios.CS8
    if parity != "N":
        settings[2] |= termios.PARENB | (termios.PARODD if parity == "O" else 0)
    settings[4] = settings[5] = SPEEDS[baud]
    termios.tcsetattr(descriptor, termios.TCSANOW, settings)
    return descriptor


class _Bridge:
    """Forwards bytes between the port and one client. A second client is refused: a bus has one master."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._client: asyncio.StreamWriter | None = None
        asyncio.get_running_loop().add_reader(descriptor, self._from_port)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        if self._client is not None:
            self._client.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._client is not None:
            writer.close()
            return
        self._client = writer
        try:
            while data := await reader.read(PIECE_BYTES):
                await self._write(data)
        finally:
            self._client = None
            writer.close()

    def _from_port(self) -> None:
        try:
            data = os.read(self._descriptor, PIECE_BYTES)
        except OSError:  # the other end of a pseudo-terminal is closed for now
            return
        client = self._client
        if client is not None and data and client.transport.get_write_buffer_size() < UNSENT_BYTES_MAX:
            client.write(data)

    async def _write(self, data: bytes) -> None:
        """Write all of `data` at the speed of the port, which is slower than any network."""
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                await self._writable()

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        writable = asyncio.Event()
        loop.add_writer(self._descriptor, writable.set)
        try:
            await writable.wait()
        finally:
            loop.remove_writer(self._descriptor)
