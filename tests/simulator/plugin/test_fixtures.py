"""The fixtures in use: from the test's thread or its event loop, over sockets or in memory."""

import asyncio
import socket
import struct
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prewatt_fixtures.clock import RealClock
from prewatt_fixtures.errors import UnknownName
from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.errors import ClockNotManual, GatewayDialsOut, UnknownMeter
from prewatt_simulator.faults import Fault
from prewatt_simulator.testing import START, MeterAddress, MeterFarm, MeterFarmFactory

DEVICES = """
[project]
code = "007"
name = "devices"
[[gateways]]
number = "007001"
ports = [{ port = 1 }]
[[meters]]
number = "0070010101"
model = "ARTU-K"
place = "contacts"
[[meters]]
number = "0070010102"
model = "VALVE-WATER-METER"
place = "water"
start = { volume = "12.000" }
[[meters]]
number = "0070010103"
model = "WHD"
place = "climate"
"""

HAIRDRESSER = "0000010201"
READ_COUNT = read_holding(0x0221, 1)
COUNT_6 = b"\x03\x02\0\6"


def ask(address: MeterAddress, request: bytes, reply_bytes: int) -> bytes:
    """One exchange over a socket, its reply whole."""
    with socket.create_connection(address[:2], 10) as connection:
        connection.sendall(request)
        return connection.recv(reply_bytes, socket.MSG_WAITALL)


class TestOverSockets:
    def test_a_plain_test_reads_a_meter(self, meter_farm: MeterFarm) -> None:
        address = meter_farm.address(HAIRDRESSER)
        assert address.unit == 1
        assert ask(address, rtu.encode(1, READ_COUNT), 7) == rtu.encode(1, COUNT_6)
        assert [entry.meter for entry in meter_farm.journal] == [HAIRDRESSER]

    @pytest.mark.anyio
    async def test_an_async_test_reads_a_meter(self, meter_farm: MeterFarm) -> None:
        host, tcp, unit = meter_farm.address(HAIRDRESSER)
        reader, writer = await asyncio.open_connection(host, tcp)
        writer.write(rtu.encode(unit, READ_COUNT))
        async with asyncio.timeout(10):
            assert await reader.readexactly(7) == rtu.encode(1, COUNT_6)
        writer.transport.abort()

    @pytest.mark.meter_farm(framing="tcp")
    def test_the_marker_sets_the_framing(self, meter_farm: MeterFarm) -> None:
        assert meter_farm.framing == "tcp"
        answer = ask(meter_farm.address(HAIRDRESSER), mbap.encode(7, 1, READ_COUNT), 11)
        assert answer == mbap.encode(7, 1, COUNT_6)

    def test_every_bus_has_an_endpoint(self, meter_farm: MeterFarm) -> None:
        buses = [(endpoint.gateway, endpoint.port) for endpoint in meter_farm.endpoints]
        assert buses == [("000001", 1), ("000001", 2), ("000002", 1)]
        assert len({endpoint.tcp for endpoint in meter_farm.endpoints}) == 3

    def test_the_ports_are_free_again_afterwards(self) -> None:
        factory = MeterFarmFactory(seed=1)
        address = factory().address(HAIRDRESSER)
        threads = threading.active_count()
        factory.close()
        assert threading.active_count() < threads
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address[:2], 10)

    def test_faults_apply(self, meter_farm: MeterFarm) -> None:
        address = meter_farm.address(HAIRDRESSER)
        lost = meter_farm.faults.add(Fault(kind="lose-reply", meter=HAIRDRESSER, count=1))
        assert ask(address, 2 * rtu.encode(1, READ_COUNT), 7) == rtu.encode(1, COUNT_6)
        assert lost.fired == 1
        assert [entry.verdict for entry in meter_farm.journal] == ["reply-lost", "answered"]

    def test_a_delayed_reply_arrives_when_the_clock_is_advanced(self, meter_farm: MeterFarm) -> None:
        host, tcp, _ = meter_farm.address(HAIRDRESSER)
        meter_farm.faults.add(Fault(kind="delay-reply", delay_s=3600, count=1))
        with socket.create_connection((host, tcp), 10) as connection:
            connection.sendall(rtu.encode(1, READ_COUNT))
            while not len(meter_farm.journal):
                threading.Event().wait(0.001)
            meter_farm.do(lambda farm: None)
            meter_farm.advance(3600)
            assert connection.recv(7, socket.MSG_WAITALL) == rtu.encode(1, COUNT_6)

    def test_a_view_is_read_and_set_while_the_farm_is_served(self, meter_farm: MeterFarm) -> None:
        meter_farm.address(HAIRDRESSER)
        meter = meter_farm.meter(HAIRDRESSER)
        meter.counter_rule = meter.counter_rule
        assert meter.remaining_fen == 4125
        assert meter_farm.do(lambda farm: farm.meter(HAIRDRESSER).remaining_fen) == 4125


def test_views_of_other_devices_work_while_the_farm_is_served(
    meter_farm_factory: MeterFarmFactory, tmp_path: Path
) -> None:
    (tmp_path / "site.toml").write_text(DEVICES, "utf-8")
    farm = meter_farm_factory(str(tmp_path / "site.toml"))
    address = farm.address("0070010101")
    farm.terminal("0070010101").set_closed(1, True)
    read_contacts = b"\2\0\0\0\1"
    assert ask(address, rtu.encode(1, read_contacts), 6) == rtu.encode(1, b"\2\1\1")
    assert farm.water_meter("0070010102").volume_litres == 12_000
    farm.climate("0070010103").set_air(1, temperature=250, humidity=500)
    assert farm.climate("0070010103").air(1).temperature == 250


class TestWithoutSockets:
    def test_no_thread_is_started_without_sockets(self, meter_farm: MeterFarm) -> None:
        threads = threading.active_count()
        reply, _ = meter_farm.farm.bus("000001", 2).exchange(1, READ_COUNT, meter_farm.clock.time())
        assert reply == COUNT_6
        assert meter_farm.meter(HAIRDRESSER).purchase_count == 6
        assert threading.active_count() == threads

    @pytest.mark.anyio
    async def test_an_event_loop_reaches_it_in_memory(self, meter_farm: MeterFarm) -> None:
        async with meter_farm.farm.in_memory() as network:
            connection = await network.connect("memory", 2)
            await connection.write(rtu.encode(1, READ_COUNT))
            assert await connection.read() == rtu.encode(1, COUNT_6)


class TestClock:
    def test_it_stands_still_until_it_is_advanced(self, meter_farm: MeterFarm) -> None:
        meter = meter_farm.meter(HAIRDRESSER)
        assert meter_farm.clock.now() == START
        before = meter.energy_centikwh
        meter_farm.advance(86_400)
        assert meter_farm.clock.now() == START + timedelta(days=1)
        assert meter.energy_centikwh - before == pytest.approx(720, abs=1)

    @pytest.mark.meter_farm(start=datetime(2021, 12, 28, tzinfo=UTC))
    def test_the_marker_sets_the_start(self, meter_farm: MeterFarm) -> None:
        assert meter_farm.clock.now() == datetime(2021, 12, 28, tzinfo=UTC)

    def test_it_can_be_scaled_real_or_passed_in(self, meter_farm_factory: MeterFarmFactory) -> None:
        scaled = meter_farm_factory(clock=86_400)
        started = scaled.clock.time()
        while scaled.clock.time() < started + 60:
            threading.Event().wait(0.001)
        own = RealClock()
        assert meter_farm_factory(clock=own).clock is own
        real = meter_farm_factory(clock="real")
        assert isinstance(real.clock, RealClock)
        with pytest.raises(ClockNotManual):
            real.advance(1)


class TestFactory:
    def test_farms_of_one_test_are_independent(self, meter_farm_factory: MeterFarmFactory) -> None:
        one, other = meter_farm_factory(), meter_farm_factory("mingde", framing="tcp")
        ask(one.address(HAIRDRESSER), rtu.encode(1, READ_COUNT), 7)
        assert (len(one.journal), len(other.journal)) == (1, 0)
        assert one.seed == other.seed
        assert len(other.meter_numbers) >= 262

    def test_values_are_determined_by_the_seed(self, meter_farm_factory: MeterFarmFactory) -> None:
        def volts(seed: int) -> tuple[int, ...]:
            farm = meter_farm_factory(seed=seed).farm
            shown: list[int] = []
            for _ in range(20):
                reply, _ = farm.bus("000001", 2).exchange(1, read_holding(0x000B, 1), farm.clock.time())
                assert reply is not None
                shown.append(*struct.unpack(">xxH", reply))
                MeterFarm(farm, "rtu").advance(60)
            return tuple(shown)

        assert volts(1) == volts(1)
        assert volts(1) != volts(2)

    def test_a_meter_whose_gateway_dials_out_has_no_address(
        self, meter_farm_factory: MeterFarmFactory, tmp_path: Path
    ) -> None:
        site = tmp_path / "site.toml"
        dial = 'kind = "manager"\ndial = { host = "127.0.0.1", tcp = 1 }\nports'
        site.write_text(DEVICES.replace("ports", dial), "utf-8")
        with pytest.raises(GatewayDialsOut, match="0070010101: its gateway dials out"):
            meter_farm_factory(str(site)).address("0070010101")

    def test_an_unknown_meter_or_site_is_named(self, meter_farm_factory: MeterFarmFactory) -> None:
        with pytest.raises(UnknownMeter, match="9999"):
            meter_farm_factory().address("9999")
        with pytest.raises(UnknownName, match="tiny"):
            meter_farm_factory("nowhere")
