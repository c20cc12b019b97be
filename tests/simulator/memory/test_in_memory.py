"""In-memory connections behave as sockets do, up to their end."""

import asyncio
from typing import Any

import pytest

from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.faults import Fault
from prewatt_simulator.line.memory import HELD_BYTES_MAX, MemoryConnection

pytestmark = pytest.mark.anyio

READ = read_holding(0x0221, 1)
COUNT_6 = b"\x03\x02\0\6"
CHARACTER_S = 10 / 9600


async def _read(connection: MemoryConnection) -> bytes:
    async with asyncio.timeout(10):
        return await connection.read()


class TestCarry:
    async def test_a_request_is_answered_over_rtu(self, master_of: Any, opened: Any) -> None:
        async with master_of(opened).farm.in_memory() as network:
            connection = await network.connect("memory", 1)
            await connection.write(rtu.encode(1, READ))
            assert await _read(connection) == rtu.encode(1, COUNT_6)

    async def test_a_request_is_answered_over_modbus_tcp(self, master_of: Any, opened: Any) -> None:
        async with master_of(opened).farm.in_memory(framing="tcp") as network:
            connection = await network.connect("memory", 1)
            await connection.write(mbap.encode(77, 1, READ) + mbap.encode(78, 9, READ))
            assert await _read(connection) == mbap.encode(77, 1, COUNT_6) + mbap.encode(78, 9, b"\x83\x0b")

    async def test_a_frame_in_pieces_is_answered(self, master_of: Any, opened: Any) -> None:
        async with master_of(opened).farm.in_memory() as network:
            connection = await network.connect("memory", 1)
            for byte in rtu.encode(1, READ):
                assert connection.arrived() == b""
                await connection.write(bytes((byte,)))
            assert connection.arrived() == rtu.encode(1, COUNT_6)

    async def test_every_bus_has_an_endpoint(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened, second_bus=(opened,))
        async with master.farm.in_memory() as network:
            assert [(e.gateway, e.port, e.host, e.tcp, e.framing) for e in network.endpoints] == [
                ("001001", 1, "memory", 1, "rtu"),
                ("001001", 2, "memory", 2, "rtu"),
            ]
            connection = await network.connect("memory", 2)
            await connection.write(rtu.encode(1, READ))
            await _read(connection)
        assert [entry.port for entry in master.farm.journal] == [2]

    async def test_wire_timing_is_the_same(self, master_of: Any, opened: Any, jump_clock: Any) -> None:
        master = master_of(opened, clock=jump_clock, wire_timing=True)
        started = jump_clock.time()
        async with master.farm.in_memory() as network:
            connection = await network.connect("memory", 1)
            await connection.write(rtu.encode(1, read_holding(0, 40)))
            assert len(await _read(connection)) == 85
        (entry,) = master.farm.journal
        assert entry.at - started == pytest.approx((8 + 3.5) * CHARACTER_S, abs=1e-5)
        turnaround_s = jump_clock.time() - entry.at - 85 * CHARACTER_S
        assert 0.020 - 1e-5 <= turnaround_s <= 0.080 + 1e-5

    async def test_faults_apply(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened)
        master.farm.faults.add(Fault(kind="lose-reply", count=1))
        async with master.farm.in_memory() as network:
            connection = await network.connect("memory", 1)
            await connection.write(rtu.encode(1, READ))
            assert connection.arrived() == b""
            await connection.write(rtu.encode(1, READ))
            assert connection.arrived() == rtu.encode(1, COUNT_6)
        assert [entry.verdict for entry in master.farm.journal] == ["reply-lost", "answered"]


class TestEnd:
    async def test_closing_ends_a_waiting_read(self, master_of: Any, opened: Any) -> None:
        async with master_of(opened).farm.in_memory() as network:
            connection = await network.connect("memory", 1)
            reading = asyncio.create_task(_read(connection))
            await asyncio.sleep(0)
            connection.close()
            assert await reading == b""
            assert connection.arrived() is None
            with pytest.raises(BrokenPipeError):
                await connection.write(rtu.encode(1, READ))

    async def test_bytes_before_the_end_can_be_read(self, master_of: Any, opened: Any) -> None:
        async with master_of(opened).farm.in_memory() as network:
            connection = await network.connect("memory", 1)
            await connection.write(rtu.encode(1, READ))
        assert await _read(connection) == rtu.encode(1, COUNT_6)
        assert await _read(connection) == b""

    async def test_a_malformed_header_ends_it(self, master_of: Any, opened: Any) -> None:
        async with master_of(opened).farm.in_memory(framing="tcp") as network:
            connection = await network.connect("memory", 1)
            await connection.write(b"\0\1\xff\xff\0\6\1" + READ)
            assert await _read(connection) == b""

    async def test_a_delayed_reply_to_a_closed_connection_is_dropped(
        self, master_of: Any, opened: Any
    ) -> None:
        master = master_of(opened)
        master.farm.faults.add(Fault(kind="delay-reply", delay_s=5, count=1))
        async with master.farm.in_memory() as network:
            leaving = await network.connect("memory", 1)
            await leaving.write(rtu.encode(1, READ) * 3)
            leaving.close()
            staying = await network.connect("memory", 1)
            await staying.write(rtu.encode(1, read_holding(0x0221, 2)))
            await asyncio.sleep(0)
            master.clock.advance(5)
            assert await _read(staying) == rtu.encode(1, b"\x03\x04\0\6\0\0")
        assert len(master.farm.journal) == 2, "what the lost client still had queued was never sent"

    async def test_unknown_and_closed_endpoints_refuse(self, master_of: Any, opened: Any) -> None:
        async with master_of(opened).farm.in_memory() as network:
            with pytest.raises(ConnectionRefusedError):
                await network.connect("memory", 3)
            with pytest.raises(ConnectionRefusedError):
                await network.connect("127.0.0.1", 1)
        with pytest.raises(ConnectionRefusedError):
            await network.connect("memory", 1)


async def test_a_client_that_does_not_read_is_not_served(master_of: Any, opened: Any) -> None:
    """Bounded memory: the gateway stops listening, and goes on where it stopped when the client reads."""
    async with master_of(opened).farm.in_memory() as network:
        connection = await network.connect("memory", 1)
        request = rtu.encode(1, read_holding(0, 40))
        for _ in range(1 + HELD_BYTES_MAX // 85):
            await connection.write(request)
        writing = asyncio.create_task(connection.write(request))
        await asyncio.sleep(0)
        assert not writing.done()
        received = len(await _read(connection))
        await writing
        received += len(await _read(connection))
    assert received == 85 * (2 + HELD_BYTES_MAX // 85)
