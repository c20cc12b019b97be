"""pymodbus reads every device, and uses `prewatt sim run mingde` like a real site."""

from collections.abc import Iterator
from typing import Any

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient

from prewatt_fixtures.site import SiteMeter, load_site
from prewatt_fixtures.wire import vendor
from prewatt_fixtures.wire.pdu import READ_DISCRETE, READ_HOLDING, READ_INPUT
from prewatt_fixtures.wire.pymodbus_pdu import VendorRequest, VendorResponse

pytestmark = pytest.mark.anyio
FRAMERS = {"tcp": FramerType.SOCKET, "rtu": FramerType.RTU}
BILLED = "0010310101"
"""DTSD1352-C behind CT 20 with 55081.60 kWh primary: 2754.08 kWh on its registers."""

Rows = dict[tuple[str, int], dict[str, Any]]
MINGDE = load_site("mingde")


@pytest.fixture(scope="module", params=["tcp", "rtu"])
def framing(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def mingde(running: Any, framing: str) -> Iterator[Rows]:
    with running("mingde", "--speed", "0", "--protocol", framing) as rows:
        yield {(row["gateway"], row["port"]): row for row in rows}


def placed(number: str) -> SiteMeter:
    return next(meter for meter in MINGDE.meters if meter.number == number)


def prepaid() -> SiteMeter:
    return next(meter for meter in MINGDE.meters if meter.meter_opened)


def unopened() -> SiteMeter:
    return placed("001029010B")


def u32(words: Any) -> int:
    return int(words[0]) << 16 | int(words[1])


async def test_it_reads_every_device(bench_of: Any, model: str, framing: str) -> None:
    bench = bench_of(framing)
    found = {}
    async with _client({"host": bench.bus.host, "tcp": bench.bus.tcp}, framing) as client:
        reads = {
            READ_DISCRETE: client.read_discrete_inputs,
            READ_HOLDING: client.read_holding_registers,
            READ_INPUT: client.read_input_registers,
        }
        for asked in bench.ranges(model):
            reply = await reads[asked.code](asked.address, count=asked.size, device_id=bench.unit(model))
            found[asked] = reply.bits if asked.code == READ_DISCRETE else reply.registers
    bench.check(model, found)


@pytest.mark.parametrize(
    ("model", "float32"), [("VALVE-WATER-METER", "dcba"), ("VALVE-WATER-METER-ABCD", "abcd")]
)
async def test_it_reads_a_water_meters_floats(bench_of: Any, model: str, float32: str, framing: str) -> None:
    bench = bench_of(framing)
    async with _client({"host": bench.bus.host, "tcp": bench.bus.tcp}, framing) as client:
        words = (await client.read_holding_registers(1, count=2, device_id=bench.unit(model))).registers
        if float32 == "dcba":
            words = [int.from_bytes(word.to_bytes(2, "little"), "big") for word in reversed(words)]
        volume = client.convert_from_registers(words, client.DATATYPE.FLOAT32)
    shown = bench.farm.water_meter(bench.number(model)).volume_litres
    assert volume == pytest.approx(shown / 1000, abs=5e-4)


async def test_it_moves_a_valve(bench_of: Any, framing: str) -> None:
    bench = bench_of(framing)
    unit, number = bench.unit("VALVE-WATER-METER"), bench.number("VALVE-WATER-METER")
    async with _client({"host": bench.bus.host, "tcp": bench.bus.tcp}, framing) as client:
        for command, is_open in ((2, False), (1, True)):
            await client.write_register(0x1C, command, device_id=unit)
            assert bench.farm.water_meter(number).valve_open is is_open
        assert (await client.write_register(0x1C, 7, device_id=unit)).exception_code == 3


class TestMingde:
    async def test_it_reads_the_billing_registers_of_every_model(self, mingde: Rows, framing: str) -> None:
        models = {meter.profile.model: meter for meter in reversed(MINGDE.energy_meters)}
        assert len(models) == 4
        for meter in models.values():
            async with _client(mingde[meter.gateway, meter.port], framing) as client:
                address = 0x003C if meter.model.startswith("ADW300") else 0
                reply = await client.read_holding_registers(address, count=2, device_id=meter.bus_address)
                ratio = meter.ct * meter.pt if meter.profile.secondary else 1
                assert u32(reply.registers) == meter.start.energy // ratio, meter.number

    async def test_the_golden_meter_has_275408(self, mingde: Rows, framing: str) -> None:
        meter = placed(BILLED)
        async with _client(mingde[meter.gateway, meter.port], framing) as client:
            reply = await client.read_holding_registers(0, count=10, device_id=meter.bus_address)
        assert u32(reply.registers) == 275408
        assert sum(u32(reply.registers[at : at + 2]) for at in (2, 4, 6, 8)) == 275408

    async def test_it_sells_with_the_vendors_function(self, mingde: Rows, framing: str) -> None:
        meter = prepaid()
        count = meter.start.purchase_count + 1
        async with _client(mingde[meter.gateway, meter.port], framing) as client:
            client.register(VendorResponse)
            request = VendorRequest(vendor.TopUp(5000, count), dev_id=meter.bus_address)
            response = await client.execute(False, request)
            assert response.reply.result is vendor.VendorResult.DONE
            block = (
                await client.read_holding_registers(0x0200, count=48, device_id=meter.bus_address)
            ).registers
        assert block[0x21] == count
        assert u32(block[0x1F:0x21]) == response.reply.remaining_fen == (meter.start.remaining or 0) + 5000

    async def test_it_switches_off_and_on(self, mingde: Rows, framing: str) -> None:
        meter = prepaid()
        async with _client(mingde[meter.gateway, meter.port], framing) as client:
            for forced, closed in (([1, 1], False), ([1, 0], True), ([0, 0], True)):
                await client.write_registers(0x0057, forced, device_id=meter.bus_address)
                status = await client.read_holding_registers(0x0224, count=1, device_id=meter.bus_address)
                assert bool(status.registers[0] & 0xE000) is closed

    async def test_refusals_are_modbus_exceptions(self, mingde: Rows, framing: str) -> None:
        meter = placed(BILLED)
        async with _client(mingde[meter.gateway, meter.port], framing) as client:
            unit = meter.bus_address
            assert (await client.read_holding_registers(0x7000, count=1, device_id=unit)).exception_code == 2
            assert (await client.write_registers(0, [1, 1], device_id=unit)).exception_code == 2
            assert (await client.read_input_registers(0, count=1, device_id=unit)).exception_code == 1
            if framing == "tcp":
                assert (await client.read_holding_registers(0, count=1, device_id=246)).exception_code == 0x0B

    async def test_an_unopened_meter_owes_its_energy(self, mingde: Rows, framing: str) -> None:
        meter = unopened()
        async with _client(mingde[meter.gateway, meter.port], framing) as client:
            reply = await client.read_holding_registers(0x021F, count=2, device_id=meter.bus_address)
        assert u32(reply.registers) - (1 << 32) == meter.base - meter.start.energy


def _client(row: dict[str, Any], framing: str) -> Any:
    return AsyncModbusTcpClient(row["host"], port=row["tcp"], framer=FRAMERS[framing], timeout=5, retries=0)
