"""One frame in flight per bus, wire timing, delayed replies, clients that disconnect."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from prewatt_fixtures.wire import mbap, rtu, vendor
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.faults import Fault
from prewatt_simulator.line.gateway import QUEUE_MAX

pytestmark = pytest.mark.anyio

READ = read_holding(0x0221, 1)
COUNT_6 = b"\x03\x02\0\6"
CHARACTER_S = 10 / 9600


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the farm tells nobody that a request has arrived
            await asyncio.sleep(0)


class TestWireTiming:
    async def test_a_read_takes_its_time_on_the_line(
        self, master_of: Any, opened: Any, served: Any, jump_clock: Any
    ) -> None:
        master = master_of(opened, clock=jump_clock, wire_timing=True)
        started = jump_clock.time()
        async with served(master.farm) as wire:
            wire.send(rtu.encode(1, read_holding(0, 40)))
            await wire.receive(85)
        (entry,) = master.farm.journal
        assert entry.at - started == pytest.approx((8 + 3.5) * CHARACTER_S, abs=1e-5)
        turnaround_s = jump_clock.time() - entry.at - 85 * CHARACTER_S
        assert 0.020 - 1e-5 <= turnaround_s <= 0.080 + 1e-5

    async def test_a_slower_port_with_parity_takes_longer(
        self, master_of: Any, opened: Any, jump_clock: Any, connected: Any
    ) -> None:
        master = master_of(second_bus=(opened,), clock=jump_clock, wire_timing=True)
        started = jump_clock.time()
        async with master.farm.serving() as endpoints, connected(endpoints[1]) as wire:
            wire.send(rtu.encode(1, read_holding(0, 40)))
            await wire.receive(85)
        assert master.farm.journal.requests()[0].at - started == pytest.approx(11.5 * 11 / 1200, abs=1e-5)

    async def test_an_absent_device_takes_the_requests_time_only(
        self, master_of: Any, opened: Any, served: Any, jump_clock: Any
    ) -> None:
        master = master_of(opened, clock=jump_clock, wire_timing=True)
        started = jump_clock.time()
        async with served(master.farm) as wire:
            wire.send(rtu.encode(9, READ) + rtu.encode(1, READ))
            await wire.receive(7)
        foreign, mine = master.farm.journal
        assert foreign.at - started == pytest.approx(11.5 * CHARACTER_S, abs=1e-5)
        assert mine.at - foreign.at == pytest.approx(11.5 * CHARACTER_S, abs=1e-5)

    async def test_clients_of_one_bus_wait_for_each_other(
        self, master_of: Any, opened: Any, jump_clock: Any, connected: Any
    ) -> None:
        master = master_of(opened, clock=jump_clock, wire_timing=True)
        async with (
            master.farm.serving() as endpoints,
            connected(endpoints[0]) as one,
            connected(endpoints[0]) as other,
        ):
            for _ in range(3):
                one.send(rtu.encode(1, read_holding(0, 40)))
                other.send(rtu.encode(1, read_holding(0, 40)))
            await asyncio.gather(one.receive(3 * 85), other.receive(3 * 85))
        heard = [entry.at for entry in master.farm.journal]
        shortest_s = (8 + 3.5 + 85) * CHARACTER_S + 0.020
        assert len(heard) == 6
        assert all(b - a >= shortest_s - 1e-5 for a, b in pairwise(heard))

    async def test_modbus_tcp_takes_the_time_of_rtu_frames(
        self, master_of: Any, opened: Any, served: Any, jump_clock: Any
    ) -> None:
        master = master_of(opened, clock=jump_clock, wire_timing=True)
        started = jump_clock.time()
        async with served(master.farm, "tcp") as wire:
            wire.send(mbap.encode(1, 1, READ))
            await wire.receive(11)
        assert master.farm.journal.requests()[0].at - started == pytest.approx(11.5 * CHARACTER_S, abs=1e-5)


class TestHeldReply:
    async def test_it_arrives_after_its_delay_and_the_bus_is_busy_until_then(
        self, master_of: Any, opened: Any, connected: Any
    ) -> None:
        master = master_of(opened)
        master.farm.faults.add(Fault(kind="delay-reply", delay_s=5, count=1))
        async with (
            master.farm.serving() as endpoints,
            connected(endpoints[0]) as one,
            connected(endpoints[0]) as other,
        ):
            one.send(rtu.encode(1, READ))
            await until(lambda: len(master.farm.journal) == 1)
            other.send(rtu.encode(1, READ))
            one.send(rtu.encode(1, read_holding(0x0221, 2)))
            await asyncio.sleep(0.05)  # a reply that came too early would be here by now
            assert len(master.farm.journal) == 1
            master.clock.advance(5)
            assert await one.receive(16) == rtu.encode(1, COUNT_6) + rtu.encode(1, b"\x03\x04\0\6\0\0")
            assert await other.receive(7) == rtu.encode(1, COUNT_6)

    async def test_a_top_up_with_a_delayed_reply_is_applied_at_once(
        self, master_of: Any, opened: Any, served: Any
    ) -> None:
        master = master_of(opened)
        master.farm.faults.add(Fault(kind="delay-reply", delay_s=5, function=0x20))
        async with served(master.farm) as wire:
            wire.send(rtu.encode(1, vendor.encode_request(vendor.TopUp(5000, 7))))
            await until(lambda: master.meter().purchase_count == 7)
            master.clock.advance(5)
            await wire.receive(15)

    async def test_it_is_dropped_when_its_client_disconnects(
        self, master_of: Any, opened: Any, connected: Any
    ) -> None:
        master = master_of(opened)
        master.farm.faults.add(Fault(kind="delay-reply", delay_s=5, count=1))
        async with master.farm.serving() as endpoints:
            async with connected(endpoints[0]) as leaving:
                leaving.send(rtu.encode(1, READ) + rtu.encode(1, READ) * 3)
                await until(lambda: len(master.farm.journal) == 1)
            async with connected(endpoints[0]) as staying:
                staying.send(rtu.encode(1, read_holding(0x0221, 2)))
                await asyncio.sleep(0.05)  # the server hears of the reset and of the new request
                master.clock.advance(5)
                assert await staying.receive(9) == rtu.encode(1, b"\x03\x04\0\6\0\0")
        assert len(master.farm.journal) == 2, "what the lost client still had queued was never sent"

    async def test_the_queue_is_bounded(self, master_of: Any, opened: Any, served: Any) -> None:
        master = master_of(opened)
        master.farm.faults.add(Fault(kind="delay-reply", delay_s=5, count=1))
        async with served(master.farm) as wire:
            wire.send(rtu.encode(1, READ) * (1 + QUEUE_MAX + 36))
            await until(lambda: len(master.farm.journal.requests(verdict="queue-full")) == 36)
            master.clock.advance(5)
            assert await wire.receive(7 * (1 + QUEUE_MAX)) == rtu.encode(1, COUNT_6) * (1 + QUEUE_MAX)


class TestIdle:
    async def test_an_idle_client_is_dropped(self, master_of: Any, opened: Any, connected: Any) -> None:
        master = master_of(opened, gateway="idle_s = 300")
        async with (
            master.farm.serving() as endpoints,
            connected(endpoints[0]) as silent,
            connected(endpoints[0]) as talking,
        ):
            for _ in range(2):
                talking.send(rtu.encode(1, READ))
                assert await talking.receive(7) == rtu.encode(1, COUNT_6)
                master.clock.advance(200)
            assert await silent.ended()
            talking.send(rtu.encode(1, READ))
            assert await talking.receive(7) == rtu.encode(1, COUNT_6)
        assert [each.what for each in master.farm.journal.port_events] == ["idle client dropped"]

    def test_it_is_dropped_at_the_exact_moment(self, master_of: Any, opened: Any, virtually: Any) -> None:
        async def wait(clock: Any) -> float:
            async with master_of(opened, gateway="idle_s = 300", clock=clock).farm.in_memory() as network:
                connection = await network.connect("memory", 1)
                await asyncio.sleep(100)
                await connection.write(rtu.encode(1, READ))
                assert await connection.read() == rtu.encode(1, COUNT_6)
                assert await connection.read() == b""
                return asyncio.get_running_loop().time()

        assert virtually(wait) == pytest.approx(400, abs=1e-5)

    def test_without_an_idle_time_out_it_stays(self, master_of: Any, opened: Any, virtually: Any) -> None:
        async def wait(clock: Any) -> None:
            async with master_of(opened, clock=clock).farm.in_memory() as network:
                connection = await network.connect("memory", 1)
                await asyncio.sleep(1e6)
                await connection.write(rtu.encode(1, READ))
                assert await connection.read() == rtu.encode(1, COUNT_6)

        virtually(wait)


async def test_a_dead_gateway_accepts_and_answers_nothing(master_of: Any, opened: Any, served: Any) -> None:
    master = master_of(opened)
    handle = master.farm.faults.add(Fault(kind="dead-gateway", gateway="001001"))
    async with served(master.farm) as wire:
        wire.send(rtu.encode(1, read_holding(0, 40)))
        await until(lambda: handle.fired == 1)
        master.farm.faults.clear()
        wire.send(rtu.encode(1, READ))
        assert await wire.receive(7) == rtu.encode(1, COUNT_6)


async def test_a_client_that_does_not_read_is_not_served_until_it_does(master_of: Any, opened: Any) -> None:
    """Replies that nobody takes must not pile up in the server: 20 MB of them are far more than sockets hold."""
    master, sent = master_of(opened), 100_000
    heard = master.farm.faults.add(Fault(kind="delay-reply", delay_s=0))
    async with master.farm.serving() as endpoints:
        reader, writer = await asyncio.open_connection(endpoints[0].host, endpoints[0].tcp)
        writer.write(rtu.encode(1, read_holding(0, 100)) * sent)
        before = -1
        while not heard.fired or before != heard.fired:  # until the count stands still
            before = heard.fired
            await asyncio.sleep(0.1)
        assert 0 < heard.fired < sent
        async with asyncio.timeout(60):
            await reader.readexactly(sent * 205)
        assert heard.fired == sent
        writer.transport.abort()


async def test_stopping_does_not_wait_for_a_delayed_reply(
    master_of: Any, opened: Any, connected: Any
) -> None:
    master = master_of(opened)
    master.farm.faults.add(Fault(kind="delay-reply", delay_s=5))
    async with master.farm.serving() as endpoints:
        context = connected(endpoints[0])
        wire = await context.__aenter__()
        wire.send(rtu.encode(1, READ) * 3)
        await until(lambda: len(master.farm.journal) == 1)
    assert await wire.ended()
    assert len(master.farm.journal) == 1
    await context.__aexit__(None, None, None)
