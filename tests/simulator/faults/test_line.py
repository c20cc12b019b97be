"""Faults of the two-wire line: echo, noise, collisions, a second master."""

import asyncio
from typing import Any

import pytest

from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.errors import FaultRuleError
from prewatt_simulator.faults import Fault

pytestmark = pytest.mark.anyio

READ = read_holding(0x0221, 1)
ASKED = rtu.encode(1, READ)
ANSWERED = rtu.encode(1, b"\x03\x02\0\6")


async def exchanged(master: Any, *requests: bytes, framing: str = "rtu") -> list[bytes]:
    """What has come to a client of the first bus by the end of each request."""
    async with master.farm.in_memory(framing=framing) as network:
        connection = await network.connect("memory", 1)
        heard = []
        for request in requests:
            await connection.write(request)
            heard.append(connection.arrived() or b"")
        return heard


class TestEcho:
    async def test_the_echo_precedes_the_reply(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened)
        master.farm.faults.add(Fault(kind="echo", gateway="001001"))
        assert await exchanged(master, ASKED) == [ASKED + ANSWERED]

    async def test_the_echo_arrives_without_a_reply_too(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened)
        master.farm.faults.add(Fault(kind="echo"))
        nobody, broadcast = rtu.encode(9, READ), rtu.encode(0, READ)
        assert await exchanged(master, nobody, broadcast) == [nobody, broadcast]

    async def test_a_modbus_tcp_gateway_hides_the_echo(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened)
        master.farm.faults.add(Fault(kind="echo"))
        heard = await exchanged(master, mbap.encode(7, 1, READ), framing="tcp")
        assert heard == [mbap.encode(7, 1, b"\x03\x02\0\6")]


class TestNoise:
    async def test_noise_follows_the_reply_or_stands_alone(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened)
        master.farm.faults.add(Fault(kind="noise", size=3))
        replied, alone = await exchanged(master, ASKED, rtu.encode(9, READ))
        assert replied.startswith(ANSWERED)
        assert (len(replied), len(alone)) == (len(ANSWERED) + 3, 3)
        assert [entry.sent and len(entry.sent) for entry in master.farm.journal] == [2, 1]

    async def test_noise_comes_from_the_seed(self, master_of: Any, opened: Any) -> None:
        def noise(seed: int) -> Any:
            master = master_of(opened, seed=seed)
            master.farm.faults.add(Fault(kind="noise"))
            return exchanged(master, ASKED, ASKED)

        assert await noise(1) == await noise(1) != await noise(2)

    async def test_noise_may_be_delayed(self, master_of: Any, opened: Any, virtually: Any) -> None:
        async def listen(clock: Any) -> float:
            master = master_of(opened, clock=clock)
            master.farm.faults.add(Fault(kind="noise", delay_s=0.5))
            async with master.farm.in_memory() as network:
                connection = await network.connect("memory", 1)
                await connection.write(ASKED)
                assert await connection.read() == ANSWERED
                assert await connection.read()
                return asyncio.get_running_loop().time()

        assert await asyncio.to_thread(virtually, listen) == 0.5


class TestCollide:
    async def test_damaged_bytes_arrive_and_the_meter_executed_the_request(
        self, master_of: Any, opened: Any
    ) -> None:
        master = master_of(opened)
        master.farm.faults.add(Fault(kind="collide", count=1))
        garbage, sound = await exchanged(master, ASKED, ASKED)
        assert len(garbage) >= len(ANSWERED)
        assert not rtu.is_whole(garbage)
        assert sound == ANSWERED
        assert [entry.verdict for entry in master.farm.journal] == ["collided", "answered"]

    async def test_over_modbus_tcp_it_is_exception_0b(self, master_of: Any, opened: Any) -> None:
        master = master_of(opened)
        master.farm.faults.add(Fault(kind="collide", count=1))
        heard = await exchanged(master, mbap.encode(7, 1, READ), framing="tcp")
        assert heard == [mbap.encode(7, 1, b"\x83\x0b")]


class TestSecondMaster:
    def fates(self, master_of: Any, opened: Any, virtually: Any, **rule: Any) -> list[tuple[str, bytes]]:
        """Replies to 300 reads, one per second, with a second master that transmits every `every_s`."""

        async def poll(clock: Any) -> list[tuple[str, bytes]]:
            master = master_of(opened, clock=clock, wire_timing=True)
            master.farm.faults.add(Fault(kind="second-master", **rule))
            heard = []
            async with master.farm.in_memory() as network:
                connection = await network.connect("memory", 1)
                for _ in range(300):
                    await connection.write(ASKED)
                    await asyncio.sleep(1)
                    heard.append(connection.arrived() or b"")
            return [(entry.verdict, data) for entry, data in zip(master.farm.journal, heard, strict=True)]

        found: list[tuple[str, bytes]] = virtually(poll)
        return found

    def test_frames_that_overlap_it_are_lost(self, master_of: Any, opened: Any, virtually: Any) -> None:
        fates = self.fates(master_of, opened, virtually, every_s=1.01)
        lost = [data for verdict, data in fates if verdict == "request-lost"]
        garbage = [data for verdict, data in fates if verdict == "answered" and data != ANSWERED]
        assert lost
        assert set(lost) == {b""}
        assert garbage
        assert not any(rtu.is_whole(data) for data in garbage)
        assert 200 < sum(data == ANSWERED for _, data in fates) < 300

    def test_a_shorter_period_loses_more_frames(self, master_of: Any, opened: Any, virtually: Any) -> None:
        through = [
            sum(data == ANSWERED for _, data in self.fates(master_of, opened, virtually, every_s=every_s))
            for every_s in (0.01, 0.53, 5.3)
        ]
        assert through[0] == 0
        assert through == sorted(through)

    def test_count_bounds_its_hits(self, master_of: Any, opened: Any, virtually: Any) -> None:
        fates = self.fates(master_of, opened, virtually, every_s=0.01, count=3)
        assert sum(data != ANSWERED for _, data in fates) == 3

    def test_without_wire_timing_it_is_refused(self, master_of: Any, opened: Any) -> None:
        with pytest.raises(FaultRuleError, match="wire timing"):
            master_of(opened).farm.faults.add(Fault(kind="second-master", every_s=1))

    @pytest.mark.parametrize("place", [{"meter": "0010010101"}, {"function": 3}, {"register": 0}])
    def test_it_names_no_meter(self, place: Any) -> None:
        with pytest.raises(FaultRuleError, match="any frame on the line"):
            Fault(kind="second-master", every_s=1, **place)
