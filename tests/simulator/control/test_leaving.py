"""Clients that leave inside a request, and requests that are half sent when the farm stops."""

import asyncio
import contextlib
import logging
import socket
from typing import Any

import pytest

from prewatt_fixtures import http_server
from prewatt_simulator.control.serve import controlling

pytestmark = pytest.mark.anyio
HALF = b"POST /faults HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"


def _address(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").partition(":")
    return host, int(port)


async def test_a_client_that_leaves_inside_its_body_is_no_error(
    master_of: Any, caplog: pytest.LogCaptureFixture
) -> None:
    farm = master_of({}).farm
    with caplog.at_level(logging.WARNING):
        async with controlling(farm) as url:
            for _ in range(3):
                _, writer = await asyncio.open_connection(*_address(url))
                writer.write(HALF)
                await writer.drain()
                writer.transport.abort()
            reader, writer = await asyncio.open_connection(*_address(url))
            writer.write(b"GET /faults HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert b'{"faults":[]}' in await reader.read()
            writer.close()
    assert not caplog.records
    assert not farm.faults.rules


async def test_nobody_waits_for_half_sent_requests_at_the_end(
    master_of: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http_server, "GOODBYE_S_MAX", 3600)
    farm = master_of({}).farm
    with contextlib.ExitStack() as clients, caplog.at_level(logging.WARNING):
        async with asyncio.timeout(60), controlling(farm) as url:
            for _ in range(200):
                client = clients.enter_context(socket.create_connection(_address(url)))
                client.sendall(HALF)
            # answered after all that was sent before it
            reader, writer = await asyncio.open_connection(*_address(url))
            writer.write(b"GET /clock HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert b"200 OK" in await reader.read()
            writer.close()
    assert not caplog.records
