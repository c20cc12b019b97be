"""Gateways that dial out: registration first, requests as over any connection, heartbeats when idle, redialling."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest

from prewatt_fixtures.clock import RealClock
from prewatt_fixtures.endpoints import Framing
from prewatt_fixtures.site import parse_site
from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.errors import FaultRuleError
from prewatt_simulator.farm import Farm
from prewatt_simulator.faults import Fault
from prewatt_simulator.line.memory import MemoryConnection, MemoryListener, MemoryNetwork

pytestmark = pytest.mark.anyio

READ = read_holding(0x0221, 1)
COUNT_6 = b"\x03\x02\0\6"
SITE = """
[project]
code = "001"
name = "bench"
[[gateways]]
number = "001001"
kind = "manager"
ports = [{ port = 1 }, { port = 2 }]
dial = { host = "headend", tcp = 7000, registration = "REG {gateway}/{port}", heartbeat = "hex:fe", heartbeat_s = 60 }
[[gateways]]
number = "001002"
ports = [{ port = 1 }]
"""
METER = """
[[meters]]
model = "DDSY1352-NK/F"
place = "a shop"
start = { energy = "100.00", remaining = "41.25", purchase_count = 6, total_purchased = "300.00" }
number = """
METERS = "".join(f'{METER}"{number}"' for number in ("0010010101", "0010010201", "0010020101"))
REGISTRATION = b"REG 001001/01"


def farm(clock: Any, text: str = SITE, **options: Any) -> Farm:
    return Farm(parse_site(text + METERS, "bench.toml"), clock=clock, **options)


Head = Callable[[Farm, MemoryNetwork, MemoryListener], Awaitable[Any]]


@pytest.fixture
def with_head_end(virtually: Any) -> Callable[..., Any]:
    """Runs a coroutine function of a dialling farm, its network and a listener, on virtual time."""

    def run(talk: Head, *, framing: Framing = "rtu", **options: Any) -> Any:
        async def main(clock: Any) -> Any:
            dialling = farm(clock, **options)
            async with dialling.in_memory(framing=framing) as network:
                return await talk(dialling, network, network.listen("headend", 7000))

        return virtually(main)

    return run


async def first_port(listener: MemoryListener) -> MemoryConnection:
    """The call of port 1; the one of port 2 is left alone."""
    while True:
        call = await listener.accept()
        if call.arrived() == REGISTRATION:
            return call


class TestCall:
    def test_the_registration_packet_comes_first(self, with_head_end: Any) -> None:
        async def talk(dialling: Farm, network: MemoryNetwork, listener: MemoryListener) -> Any:
            return {(await listener.accept()).arrived() for _ in range(2)}

        assert with_head_end(talk) == {b"REG 001001/01", b"REG 001001/02"}

    @pytest.mark.parametrize("framing", ["rtu", "tcp"])
    def test_requests_are_answered_as_over_any_connection(self, with_head_end: Any, framing: Framing) -> None:
        async def talk(dialling: Farm, network: MemoryNetwork, listener: MemoryListener) -> None:
            call = await first_port(listener)
            encode = rtu.encode if framing == "rtu" else lambda *words: mbap.encode(7, *words)
            for _ in range(3):
                await call.write(encode(1, READ))
                assert await call.read() == encode(1, COUNT_6)
            assert [entry.meter for entry in dialling.journal] == ["0010010101"] * 3

        with_head_end(talk, framing=framing)

    def test_ports_that_dial_out_have_no_listener(self, with_head_end: Any) -> None:
        async def talk(dialling: Farm, network: MemoryNetwork, listener: MemoryListener) -> None:
            (endpoint,) = network.endpoints
            assert (endpoint.gateway, endpoint.port, endpoint.tcp) == ("001002", 1, 1)
            connection = await network.connect("memory", 1)
            await connection.write(rtu.encode(1, READ))
            assert await connection.read() == rtu.encode(1, COUNT_6)

        with_head_end(talk)


class TestHeartbeat:
    def test_it_is_sent_after_an_interval_without_other_data(self, with_head_end: Any) -> None:
        async def talk(dialling: Farm, network: MemoryNetwork, listener: MemoryListener) -> list[float]:
            call, now = await first_port(listener), asyncio.get_running_loop().time
            began, heard = now(), []
            for _ in range(2):
                assert await call.read() == b"\xfe"
                heard.append(now() - began)
            await asyncio.sleep(45)
            await call.write(rtu.encode(1, READ))
            assert await call.read() == rtu.encode(1, COUNT_6)
            assert await call.read() == b"\xfe"
            return [*heard, now() - began]

        assert with_head_end(talk) == pytest.approx([60, 120, 225], abs=1e-5)

    def test_without_a_heartbeat_packet_none_is_sent(self, with_head_end: Any) -> None:
        async def talk(dialling: Farm, network: MemoryNetwork, listener: MemoryListener) -> None:
            call = await first_port(listener)
            await asyncio.sleep(1e5)
            assert call.arrived() == b""

        with_head_end(talk, text=SITE.replace("heartbeat_s = 60", "heartbeat_s = 0"))


class TestAgain:
    def attempts(self, virtually: Any, seed: int, lasting_s: float = 500) -> list[float]:
        """When nobody is there: the moments of port 1's calls."""

        async def wait(clock: Any) -> list[float]:
            dialling, began = farm(clock, seed=seed), clock.time()
            async with dialling.in_memory():
                await asyncio.sleep(lasting_s)
            happened = [each for each in dialling.journal.port_events if each.port == 1]
            assert {each.what for each in happened} == {"nobody at headend:7000"}
            return [each.at - began for each in happened]

        found: list[float] = virtually(wait)
        return found

    def test_the_wait_doubles_up_to_its_maximum(self, virtually: Any) -> None:
        waits = [b - a for a, b in pairwise(self.attempts(virtually, seed=1))]
        limits = [1, 2, 4, 8, 16, 32, 60, 60, 60]
        assert len(waits) >= len(limits)
        for wait, limit in zip(waits, limits, strict=False):
            assert limit / 2 <= wait <= limit

    def test_the_jitter_comes_from_the_seed_and_differs_by_port(self, virtually: Any) -> None:
        assert self.attempts(virtually, seed=1) == self.attempts(virtually, seed=1)
        assert self.attempts(virtually, seed=1) != self.attempts(virtually, seed=2)

    def test_the_wait_is_reset_only_by_a_head_end_that_sent_something(self, with_head_end: Any) -> None:
        async def talk(dialling: Farm, network: MemoryNetwork, listener: MemoryListener) -> None:
            now = asyncio.get_running_loop().time
            for _ in range(8):
                (await first_port(listener)).close()
            hung_up = now()
            call = await first_port(listener)
            assert now() - hung_up >= 30
            await call.write(rtu.encode(1, READ))
            await call.read()
            call.close()
            hung_up = now()
            await first_port(listener)
            assert now() - hung_up <= 1

        with_head_end(talk)

    def test_after_a_reboot_it_registers_anew(self, with_head_end: Any) -> None:
        async def talk(dialling: Farm, network: MemoryNetwork, listener: MemoryListener) -> None:
            call, now = await first_port(listener), asyncio.get_running_loop().time
            dialling.faults.add(Fault(kind="reboot-gateway", gateway="001001", lasts_s=30, count=1))
            rebooted = now()
            await call.write(rtu.encode(1, READ))
            assert await call.read() == b""
            call = await first_port(listener)
            assert now() - rebooted >= 30
            await call.write(rtu.encode(1, READ))
            assert await call.read() == rtu.encode(1, COUNT_6)

        with_head_end(talk)


class TestFaults:
    def test_claim_id_registers_with_another_number(self, with_head_end: Any) -> None:
        async def claim(dialling: Farm, network: MemoryNetwork, listener: MemoryListener) -> None:
            dialling.faults.add(Fault(kind="claim-id", port=1, claims="001009", count=1))
            calls = [await listener.accept() for _ in range(2)]
            assert sorted(call.arrived() or b"" for call in calls) == [b"REG 001001/02", b"REG 001009/01"]
            for call in calls:
                call.close()
            assert {(await listener.accept()).arrived() for _ in range(2)} == {REGISTRATION, b"REG 001001/02"}
            told = [each for each in dialling.journal.port_events if each.fault]
            assert [each.what for each in told] == ["dialled headend:7000 as 001009"]

        with_head_end(claim)

    def test_a_failed_call_is_not_hit(self, virtually: Any) -> None:
        async def wait(clock: Any) -> int:
            dialling = farm(clock)
            rule = dialling.faults.add(Fault(kind="claim-id", claims="001009"))
            async with dialling.in_memory():
                await asyncio.sleep(100)
            return rule.fired

        assert virtually(wait) == 0

    def test_replay_session_repeats_the_previous_call(self, with_head_end: Any) -> None:
        """The replayed session comes while the true gateway is there, which goes on answering."""

        async def talk(dialling: Farm, network: MemoryNetwork, listener: MemoryListener) -> None:
            dialling.faults.add(Fault(kind="replay-session", port=1, count=1))
            call = await first_port(listener)
            await call.write(rtu.encode(1, READ))
            answer = await call.read()
            call.close()
            true = await first_port(listener)
            replayed = await listener.accept()
            assert replayed.arrived() == REGISTRATION + answer
            await replayed.write(rtu.encode(1, READ))
            await true.write(rtu.encode(1, READ))
            assert await true.read() == answer
            assert replayed.arrived() == b""
            true.close()
            assert await replayed.read() == b"", "it ends with the call that it stands beside"

        with_head_end(talk)

    def test_backlog_sends_kept_replies_in_the_next_call(self, with_head_end: Any) -> None:
        async def talk(dialling: Farm, network: MemoryNetwork, listener: MemoryListener) -> None:
            dialling.faults.add(Fault(kind="backlog", count=20))
            call = await first_port(listener)
            for register in range(20):
                await call.write(rtu.encode(1, read_holding(register, 1)))
            assert call.arrived() == b""
            call.close()
            data = b""
            while not data.startswith(REGISTRATION):
                call = await listener.accept()
                data = call.arrived() or b""
            data = data.removeprefix(REGISTRATION)
            frames = [data[at : at + 7] for at in range(0, len(data), 7)]
            kept = [rtu.encode(1, entry.reply or b"") for entry in dialling.journal]
            assert all(rtu.is_whole(frame) for frame in frames)
            assert set(frames) == set(kept)
            assert len(frames) > len(kept), "some came twice"
            assert list(dict.fromkeys(frames)) != list(dict.fromkeys(kept)), "and not in order"
            await call.write(rtu.encode(1, READ))
            assert await call.read() == rtu.encode(1, COUNT_6)

        with_head_end(talk)

    def test_a_reboot_drops_kept_replies(self, with_head_end: Any) -> None:
        async def talk(dialling: Farm, network: MemoryNetwork, listener: MemoryListener) -> None:
            dialling.faults.add(Fault(kind="backlog", count=2))
            dialling.faults.add(Fault(kind="reboot-gateway", count=1))
            call = await first_port(listener)
            for _ in range(3):
                await call.write(rtu.encode(1, READ))
            assert (await first_port(listener)).arrived() == b""

        with_head_end(talk)

    def test_call_faults_need_a_gateway_that_dials_out(self, virtually: Any) -> None:
        async def refuse(clock: Any) -> None:
            with pytest.raises(FaultRuleError, match="a gateway that dials out"):
                farm(clock).faults.add(Fault(kind="replay-session", gateway="001002"))

        virtually(refuse)

    @pytest.mark.parametrize("claims", ["1", "00100A", ""])
    def test_a_claim_has_six_digits(self, claims: str) -> None:
        with pytest.raises(FaultRuleError, match="six digits"):
            Fault(kind="claim-id", claims=claims)


async def test_it_works_over_sockets() -> None:
    calls: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    server = await asyncio.start_server(lambda *ends: calls.put_nowait(ends), "127.0.0.1", 0)
    text = SITE.replace('"headend", tcp = 7000', f'"127.0.0.1", tcp = {server.sockets[0].getsockname()[1]}')
    async with server, farm(RealClock(), text).serving(framing="tcp") as endpoints, asyncio.timeout(10):
        assert [(each.gateway, each.port) for each in endpoints] == [("001002", 1)]
        for _ in range(2):
            reader, writer = await calls.get()
            port = await reader.readexactly(len(REGISTRATION))
            assert port.startswith(b"REG 001001/0")
            writer.write(mbap.encode(5, 1, READ))
            assert await reader.readexactly(11) == mbap.encode(5, 1, COUNT_6)
            writer.close()
        reader, writer = await calls.get()
        assert await reader.readexactly(len(REGISTRATION)), "it called again"
    with contextlib.suppress(ConnectionResetError):
        await asyncio.wait_for(reader.read(), 10)
    writer.close()
