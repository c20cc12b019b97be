"""Waits of the wire end on a clock that stands still: in real time, or when the clock is advanced past them."""

import asyncio
from typing import Any

import pytest

from prewatt_fixtures.clock import ManualClock, ScaledClock
from prewatt_fixtures.wire import rtu
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.faults import Fault
from prewatt_simulator.journal.journal import Verdict
from prewatt_simulator.testing import START

pytestmark = pytest.mark.anyio

READ = rtu.encode(1, read_holding(0x0200, 1))
REPLY = rtu.encode(1, b"\x03\x02\0\7")
CLOCKS = [lambda: ManualClock(START), lambda: ScaledClock(START, 0)]


@pytest.mark.parametrize("clock", CLOCKS, ids=["manual", "speed 0"])
class TestStandsStill:
    async def test_wire_timing(self, master_of: Any, opened: Any, connected: Any, clock: Any) -> None:
        farm = master_of(opened, clock=clock(), wire_timing=True).farm
        async with farm.serving() as endpoints, connected(endpoints[0]) as wire:
            wire.send(READ)
            assert await wire.receive(len(REPLY)) == REPLY
        assert farm.clock.now() == START

    @pytest.mark.parametrize(
        "fault",
        [
            Fault(kind="delay-reply", delay_s=0.05),
            Fault(kind="split-reply", size=1, delay_s=0.01),
        ],
        ids=lambda fault: fault.kind,
    )
    async def test_a_fault_that_delays(
        self, master_of: Any, opened: Any, connected: Any, clock: Any, fault: Fault
    ) -> None:
        farm = master_of(opened, clock=clock()).farm
        farm.faults.add(fault)
        async with farm.serving() as endpoints, connected(endpoints[0]) as wire:
            for _ in range(2):
                wire.send(READ)
                assert await wire.receive(len(REPLY)) == REPLY
            farm.faults.clear()
            wire.send(READ)
            assert await wire.receive(len(REPLY)) == REPLY

    async def test_a_request_held_back(self, master_of: Any, opened: Any, connected: Any, clock: Any) -> None:
        farm = master_of(opened, clock=clock()).farm
        farm.faults.add(Fault(kind="delay-request", delay_s=0.05, count=1))
        async with farm.serving() as endpoints, connected(endpoints[0]) as wire:
            wire.send(READ)
            async with asyncio.timeout(20):
                while not farm.journal.requests(verdict=Verdict.HEARD_LATE):  # noqa: ASYNC110 - no event for it
                    await asyncio.sleep(0.01)
            wire.send(READ)
            assert await wire.receive(len(REPLY)) == REPLY
        assert all(entry.at == START.timestamp() for entry in farm.journal)


async def test_a_long_delay_ends_when_the_clock_is_advanced(
    master_of: Any, opened: Any, connected: Any
) -> None:
    clock = ManualClock(START)
    farm = master_of(opened, clock=clock).farm
    farm.faults.add(Fault(kind="delay-reply", delay_s=86_400, count=1))
    async with farm.serving() as endpoints, connected(endpoints[0]) as wire:
        wire.send(READ)
        async with asyncio.timeout(20):
            while not farm.journal:  # noqa: ASYNC110 - the journal sets no event
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        clock.advance(86_400)
        assert await wire.receive(len(REPLY)) == REPLY
