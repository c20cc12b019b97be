"""The recorder between client and gateway: bytes unchanged and undelayed, all exchanges recorded."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from prewatt_fixtures.clock import ManualClock
from prewatt_fixtures.endpoints import Endpoint, Framing
from prewatt_simulator.errors import PortTaken
from prewatt_simulator.faults import Fault
from prewatt_simulator.recording import Recording, Replay, record

pytestmark = pytest.mark.anyio

HERE = "127.0.0.1"


@asynccontextmanager
async def gateway(talk: Any) -> AsyncIterator[Endpoint]:
    """A peer that is no farm: `talk` is called with its reader and writer."""
    server = await asyncio.start_server(talk, HERE, 0)
    async with server:
        yield Endpoint("000001", 1, HERE, server.sockets[0].getsockname()[1], "rtu")


class TestBytes:
    async def test_every_byte_is_forwarded_unchanged_and_at_once(self, tmp_path: Path) -> None:
        """Random bytes, frames of neither framing, echoed piece by piece: each piece is back before the next leaves."""

        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(4096):
                writer.write(data)
            writer.close()

        rng = random.Random(1)
        async with gateway(echo) as to, record(tmp_path / "a.jsonl", [to]) as recorder:
            reader, writer = await asyncio.open_connection(HERE, recorder.endpoints[0].tcp)
            for _ in range(300):
                piece = rng.randbytes(rng.randint(1, 300))
                writer.write(piece)
                async with asyncio.timeout(10):
                    assert await reader.readexactly(len(piece)) == piece
            writer.write_eof()
            assert await reader.read() == b""
            writer.close()

    async def test_a_client_that_does_not_read_pauses_the_gateway(self, tmp_path: Path) -> None:
        sent = 0

        async def pour(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            with contextlib.suppress(ConnectionError):
                while True:
                    writer.write(bytes(65_536))
                    await writer.drain()
                    sent += 65_536

        async with gateway(pour) as to, record(tmp_path / "a.jsonl", [to]) as recorder:
            _, writer = await asyncio.open_connection(HERE, recorder.endpoints[0].tcp, limit=1024)
            before = -1
            while before != sent:  # until nothing moves any more
                before = sent
                await asyncio.sleep(0.1)
            assert sent < 100_000_000
            writer.transport.abort()

    async def test_the_gateways_end_ends_the_client(self, tmp_path: Path) -> None:
        async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.close()

        async with gateway(leave) as to, record(tmp_path / "a.jsonl", [to]) as recorder:
            reader, writer = await asyncio.open_connection(HERE, recorder.endpoints[0].tcp)
            writer.write(b"x")
            async with asyncio.timeout(10):
                assert await reader.read() == b""
            writer.close()

    async def test_an_unreachable_gateway_ends_the_client(self, tmp_path: Path) -> None:
        async with gateway(None) as to:
            pass
        async with record(tmp_path / "a.jsonl", [to]) as recorder:
            reader, writer = await asyncio.open_connection(HERE, recorder.endpoints[0].tcp)
            async with asyncio.timeout(10):
                assert await reader.read() == b""
            writer.close()

    async def test_a_port_in_use_is_named(self, tmp_path: Path) -> None:
        async with gateway(None) as to:
            with pytest.raises(PortTaken, match=str(to.tcp)):
                async with record(tmp_path / "a.jsonl", [to], base_port=to.tcp):
                    pass


@pytest.mark.parametrize("framing", ["rtu", "tcp"])
class TestThereAndBack:
    async def test_the_same_client_reads_the_same_values_at_the_same_times(
        self, framing: Framing, master_of: Any, opened: Any, tmp_path: Path
    ) -> None:
        """Pymodbus polls our farm through the recorder, and then the replay, at the same moments of both clocks."""
        master = master_of(opened, opened)
        master.farm.faults.add(Fault(kind="exception", code=6, meter="0010010102", skip=5, count=3))
        path = tmp_path / "site.jsonl"
        start = master.clock.now()
        async with (
            master.farm.serving(framing=framing) as gateways,
            record(path, gateways[:1], clock=master.clock) as recorder,
        ):
            first = await poll(recorder.endpoints[0], master.clock)
        recording = Recording.load(path)
        assert (recording.start, recording.framing) == (start, framing)

        clock = ManualClock(start)
        async with Replay(recording, clock=clock).serving(framing=framing) as endpoints:
            again = await poll(endpoints[0], clock)
        assert again == first
        assert len({str(values) for values in first}) > 20, "what was recorded had changed"
        assert any("exception 6" in str(values) for values in first)

    async def test_recording_a_replay_gives_the_same_recording(
        self, framing: Framing, master_of: Any, opened: Any, tmp_path: Path
    ) -> None:
        master = master_of(opened, opened)
        async with (
            master.farm.serving(framing=framing) as gateways,
            record(tmp_path / "a.jsonl", gateways[:1], clock=master.clock) as recorder,
        ):
            start = master.clock.now()
            await poll(recorder.endpoints[0], master.clock)
        recording = Recording.load(tmp_path / "a.jsonl")
        clock = ManualClock(start)
        async with (
            Replay(recording, clock=clock).serving(framing=framing) as gateways,
            record(tmp_path / "b.jsonl", gateways, clock=clock) as recorder,
        ):
            await poll(recorder.endpoints[0], clock)
        assert Recording.load(tmp_path / "b.jsonl") == recording


async def poll(endpoint: Endpoint, clock: ManualClock) -> list[Any]:
    """What pymodbus makes of two meters over 20 rounds, with a write in the middle; a minute is between two rounds."""
    from pymodbus import FramerType
    from pymodbus.client import AsyncModbusTcpClient

    framer = FramerType.RTU if endpoint.framing == "rtu" else FramerType.SOCKET
    client = AsyncModbusTcpClient(endpoint.host, port=endpoint.tcp, framer=framer, timeout=10, retries=0)
    assert await client.connect()
    seen: list[Any] = []
    for step in range(20):
        for unit in (1, 2):
            for address, count in ((0, 40), (0x0219, 20), (0x7000, 1)):
                answer = await client.read_holding_registers(address, count=count, device_id=unit)
                seen.append(f"exception {answer.exception_code}" if answer.isError() else answer.registers)
        if step == 10:
            await client.write_registers(0x0057, [5], device_id=1)
        clock.advance(60)
    client.close()
    return seen
