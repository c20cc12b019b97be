"""Reaching a serial server, losing it, and knowing exactly what was sent."""

import asyncio
import socket
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from prewatt_fixtures.clock import ManualClock, RealClock
from prewatt_platform.field.errors import BusUnreachable, LinkLost, NoReply
from prewatt_platform.field.field import Field
from prewatt_platform.field.master import Master
from prewatt_platform.field.messages import BusAddress, MeterAddress
from prewatt_platform.field.settings import FieldSettings
from prewatt_platform.field.transport import Connection, NothingSent, TcpConnection, tcp_connect

pytestmark = pytest.mark.anyio

WRITE = bytes.fromhex("10 0057 0002 04 0001 0001")
QUESTION = (100, 2)


async def _answer(asked: Any) -> None:
    asked.write(asked.frame())


async def test_silence_is_no_reply_after_the_time_out(wire: Any) -> None:
    """The one test that waits for the time-out itself; the clock stands still, the wire does not mind."""

    async def script(asked: Any) -> None:
        pass

    async with wire.serve(script) as server:
        clock = ManualClock(datetime(2021, 12, 28, tzinfo=UTC))
        master = wire.master(server.bus, FieldSettings(timeout_s=0.05), clock)
        with pytest.raises(NoReply, match=r"0\.05 s") as silent:
            await master.exchange(wire.station(server.bus), WRITE)
        assert silent.value.may_have_been_applied
        assert len(server.asked) == 1


async def test_connection_that_ended_while_idle_is_opened_again_and_the_request_sent_once(wire: Any) -> None:
    async with wire.serve(_answer) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        await master.exchange(station, wire.read(*QUESTION))
        server.links[0].close()
        await server.links[0].wait_closed()
        await master.exchange(station, WRITE)
        assert [(asked.link, asked.pdu) for asked in server.asked[1:]] == [(1, WRITE)]
        assert master.traffic.probes == 1, "the greeting; nothing was in doubt after it"


async def test_connection_that_was_reset_while_idle_is_opened_again(wire: Any) -> None:
    async with wire.serve(_answer) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        await master.exchange(station, wire.read(*QUESTION))
        server.reset(0)
        await asyncio.sleep(0)
        await master.exchange(station, WRITE)
        assert [asked.pdu for asked in server.asked].count(WRITE) == 1


async def test_connection_that_ends_after_the_request_leaves_the_outcome_open(wire: Any) -> None:
    """The request is not repeated, and the unit answers a probe before it is asked anything else."""

    async def script(asked: Any) -> None:
        if asked.link == 0:
            asked.hang_up()
        else:
            asked.write(asked.frame())

    async with wire.serve(script) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        with pytest.raises(LinkLost) as lost:
            await master.exchange(station, WRITE)
        assert lost.value.may_have_been_applied
        await master.exchange(station, wire.read(*QUESTION))
        assert [asked.pdu for asked in server.asked] == [WRITE, wire.read(0, 1), wire.read(*QUESTION)]


async def test_caller_that_is_cancelled_leaves_no_answer_for_the_next(wire: Any) -> None:
    heard = asyncio.Event()
    held: list[bytes] = []

    async def script(asked: Any) -> None:
        if len(server.asked) == 1:
            held.append(asked.frame())
            heard.set()
            return
        asked.write(b"".join(held) + asked.frame())
        held.clear()

    async with wire.serve(script) as server:
        master, station = wire.master(server.bus), wire.station(server.bus)
        asking = asyncio.create_task(master.exchange(station, wire.read(*QUESTION)))
        await heard.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        reply = await master.exchange(station, wire.read(200, 2))
        assert reply[2:] == wire.registers(200, 2)
        assert [asked.link for asked in server.asked] == [0, 1, 1]


class Line:
    """An in-memory line whose first `failures` writes take nothing."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.written: list[bytes] = []
        self.opened = 0

    async def connect(self, _host: str, _tcp: int) -> Connection:
        self.opened += 1
        return self

    async def write(self, data: bytes) -> None:
        if self.failures:
            self.failures -= 1
            raise NothingSent("broken pipe")
        self.written.append(data)

    async def read(self) -> bytes:
        raise ConnectionResetError("reset by peer")

    def arrived(self) -> bytes | None:
        return b""

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("failures", "outcome", "writes", "opened"),
    [(1, LinkLost, 1, 2), (2, BusUnreachable, 0, 2)],
)
async def test_write_that_took_nothing_is_tried_once_more(
    wire: Any, failures: int, outcome: type[Exception], writes: int, opened: int
) -> None:
    line = Line(failures)
    bus = BusAddress("in memory", 1, "rtu")
    master = Master(bus, RealClock(), FieldSettings(), line.connect)
    with pytest.raises(outcome):
        await master.exchange(wire.station(bus), WRITE)
    assert (len(line.written), line.opened) == (writes, opened)


async def test_write_on_a_socket_that_the_peer_has_reset_knows_that_nothing_left(wire: Any) -> None:
    async with wire.serve(_answer) as server:
        connection = await tcp_connect(server.bus.host, server.bus.tcp)
        await server.linked.wait()
        server.reset(0)
        with pytest.raises(OSError, match="reset"):
            await connection.read()
        with pytest.raises(NothingSent):
            await connection.write(WRITE)
        assert connection.arrived() is None
        connection.close()


async def test_write_larger_than_the_socket_takes_at_once_goes_out_whole() -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    reader, writer = await asyncio.open_connection(sock=theirs)
    data = bytes(range(256)) * 4096
    connection = TcpConnection(ours)
    _, received = await asyncio.gather(connection.write(data), reader.readexactly(len(data)))
    assert received == data
    connection.close()
    writer.close()


async def test_unreachable_bus_fails_at_once_until_its_wait_is_over_and_the_wait_grows_to_a_cap() -> None:
    clock = ManualClock(datetime(2021, 12, 28, tzinfo=UTC))
    attempts: list[float] = []

    async def refuse(_host: str, _tcp: int) -> Connection:
        attempts.append(clock.time())
        raise ConnectionRefusedError("refused")

    settings = FieldSettings(reconnect_first_s=1, reconnect_max_s=8)
    field = Field(clock, settings=settings, connect=refuse)
    meter = MeterAddress(BusAddress("192.0.2.1", 502, "tcp"), 1, "DTSD1352-C", "0000010101")
    for _ in range(40):
        with pytest.raises(BusUnreachable) as unreachable:
            await field.read(meter)
        assert not unreachable.value.may_have_been_applied
        clock.advance(0.5)
    waits = [later - earlier for earlier, later in pairwise(attempts)]
    assert waits == [1, 2, 4, 8]


async def test_serial_server_that_accepts_and_hangs_up_is_left_alone_longer_each_time(wire: Any) -> None:
    """Once may be a restart: the first time it is dialled again at once. A reply ends the waits."""
    hung_up: list[float] = []
    hangs_up = True

    async def script(asked: Any) -> None:
        if hangs_up:
            hung_up.append(clock.time())
            asked.hang_up()
        else:
            asked.write(asked.frame())

    clock = ManualClock(datetime(2021, 12, 28, tzinfo=UTC))
    async with wire.serve_from_the_first(script) as server:
        master = wire.master(
            server.bus, FieldSettings(timeout_s=20, reconnect_first_s=1, reconnect_max_s=8), clock
        )
        station = wire.station(server.bus)
        for _ in range(40):
            with pytest.raises((LinkLost, BusUnreachable)):
                await master.exchange(station, wire.read(*QUESTION))
            clock.advance(0.5)
        waits = [later - earlier for earlier, later in pairwise(hung_up)]
        assert waits[:5] == [0.5, 2, 4, 8]
        hangs_up = False
        clock.advance(8)
        await master.exchange(station, wire.read(*QUESTION))
        hangs_up = True
        for _ in range(2):
            with pytest.raises(LinkLost):
                await master.exchange(station, wire.read(*QUESTION))


async def test_serial_server_that_does_not_take_the_connection_in_time_is_unreachable() -> None:
    async def never(_host: str, _tcp: int) -> Connection:
        await asyncio.Event().wait()
        raise AssertionError

    field = Field(RealClock(), settings=FieldSettings(connect_timeout_s=0.01), connect=never)
    meter = MeterAddress(BusAddress("192.0.2.1", 502, "tcp"), 1, "DTSD1352-C", "0000010101")
    with pytest.raises(BusUnreachable, match="no connection in time"):
        await field.read(meter)


async def test_nothing_listens_at_the_port() -> None:
    with pytest.raises(OSError, match="Connect call failed"):
        await tcp_connect("127.0.0.1", 1)


async def test_dead_bus_delays_no_other(wire: Any) -> None:
    """While one bus waits for its connection, another carries its exchanges."""
    dialled = asyncio.Event()

    async def connect(host: str, tcp: int) -> Connection:
        if host == "dead":
            dialled.set()
            await asyncio.Event().wait()
        return await tcp_connect(host, tcp)

    async with wire.serve(_answer) as server:
        field = Field(
            RealClock(), settings=FieldSettings(timeout_s=20, connect_timeout_s=20), connect=connect
        )
        dead = MeterAddress(BusAddress("dead", 1, "rtu"), 1, "DTSD1352-C", "0000010101")
        stuck = asyncio.create_task(field.read(dead))
        await dialled.wait()
        alive = MeterAddress(server.bus, 1, "DTSD1352-C", "0000020101")
        assert (await field.read(alive)).number == "0000020101"
        assert not stuck.done()
        stuck.cancel()
        await field.close()


async def test_closing_the_field_ends_what_waits_and_refuses_what_comes(wire: Any) -> None:
    heard = asyncio.Event()

    async def script(asked: Any) -> None:
        heard.set()

    async with wire.serve(script) as server:
        field = Field(RealClock(), settings=FieldSettings(timeout_s=20, read_retries=0))
        meter = MeterAddress(server.bus, 1, "DTSD1352-C", "0000010101")
        waiting = asyncio.create_task(field.read(meter))
        await heard.wait()
        queued = asyncio.create_task(field.read(meter))
        await asyncio.sleep(0)
        await field.close()
        with pytest.raises(LinkLost):
            await waiting
        with pytest.raises(BusUnreachable, match="closed"):
            await queued
        with pytest.raises(BusUnreachable, match="closed"):
            await field.read(meter)
        assert len(server.asked) == 1


async def test_connection_made_while_the_field_closes_is_not_used(wire: Any) -> None:
    async with wire.serve(_answer) as server:

        async def connect(host: str, tcp: int) -> Connection:
            await field.close()
            return await tcp_connect(host, tcp)

        field = Field(RealClock(), connect=connect)
        with pytest.raises(BusUnreachable, match="closed"):
            await field.read(MeterAddress(server.bus, 1, "DTSD1352-C", "0000010101"))
        assert not server.asked


async def test_a_late_answer_does_not_use_up_the_time_of_the_probe_behind_it(wire: Any) -> None:
    """The meter answers after 1.5 time-outs, and the probe a time-out later: the bus carries one frame at a time."""
    timeout_s = 0.2
    late = True

    async def script(asked: Any) -> None:
        nonlocal late
        if late:
            late = False
            await asyncio.sleep(1.5 * timeout_s)
        asked.write(asked.frame())

    async with wire.serve(script) as server:
        master, station = (
            wire.master(server.bus, FieldSettings(timeout_s=timeout_s)),
            wire.station(server.bus),
        )
        with pytest.raises(NoReply):
            await master.exchange(station, wire.read(*QUESTION))
        # the serial server is still busy with the first request
        reply = await master.exchange(station, wire.read(*QUESTION))
        assert reply[2:] == wire.registers(*QUESTION)
