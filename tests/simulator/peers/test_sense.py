"""Programs that nobody here wrote read contacts, climate and water over sockets, and move the valve."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient

from prewatt_fixtures.endpoints import Endpoint

pytestmark = pytest.mark.anyio
FRAMERS = {"tcp": FramerType.SOCKET, "rtu": FramerType.RTU}
TERMINAL, CONTROLLER, WATER = 1, 2, 3


@pytest.fixture
def desk(desk_of: Any) -> Any:
    desk = desk_of(
        {"model": '"ARTU-K"'},
        {"model": '"WHD"'},
        {"model": '"VALVE-WATER-METER"', "start": '{ volume = "1234.567" }'},
    )
    for number in (1, 11, 32):
        desk.farm.terminal("0010010101").set_closed(number, True)
    desk.farm.climate("0010010102").set_air(1, temperature=-55, humidity=801)
    return desk


@pytest.fixture
async def endpoint(desk: Any) -> AsyncIterator[Endpoint]:
    async with desk.farm.serving(framing="tcp") as endpoints:
        yield endpoints[0]


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
async def test_pymodbus_reads_every_device_by_every_function_that_it_has(desk: Any, framing: str) -> None:
    async with (
        desk.farm.serving(framing=framing) as endpoints,
        AsyncModbusTcpClient(
            endpoints[0].host, port=endpoints[0].tcp, framer=FRAMERS[framing], timeout=5, retries=0
        ) as client,
    ):
        contacts = (await client.read_discrete_inputs(0, count=32, device_id=TERMINAL)).bits
        assert [number for number, closed in enumerate(contacts, 1) if closed] == [1, 11, 32]
        assert (await client.read_input_registers(0x10, count=2, device_id=TERMINAL)).registers == [
            0x8000,
            0x401,
        ]
        climate = (await client.read_holding_registers(0, count=8, device_id=CONTROLLER)).registers
        assert (climate[0], climate[3], climate[6]) == (0x10000 - 55, 801, 1)
        volume = (await client.read_holding_registers(1, count=2, device_id=WATER)).registers
        assert _float_dcba(client, volume) == pytest.approx(1234.567, abs=5e-4)
        await client.write_register(0x1C, 2, device_id=WATER)
        assert (await client.read_holding_registers(0x1C, count=1, device_id=WATER)).registers == [2]
        assert (await client.write_register(0x1C, 7, device_id=WATER)).exception_code == 3
    assert not desk.farm.water_meter("0010010103").valve_open


@pytest.mark.peer
async def test_mbpoll_reads_contacts_and_input_registers(
    endpoint: Endpoint, peer: Callable[[str], str]
) -> None:
    contacts = await _mbpoll(peer, endpoint, "-a", TERMINAL, "-r", 0, "-c", 32, "-t", 1)
    assert [int(at) + 1 for at, closed in re.findall(r"\[(\d+)\]:\s+([01])", contacts) if closed == "1"] == [
        1,
        11,
        32,
    ]
    words = await _mbpoll(peer, endpoint, "-a", TERMINAL, "-r", 16, "-c", 2, "-t", "3:hex")
    assert re.findall(r"0x([0-9A-F]{4})", words) == ["8000", "0401"]


@pytest.mark.peer
async def test_mbpoll_reads_water_and_closes_the_valve(
    desk: Any, endpoint: Endpoint, peer: Callable[[str], str]
) -> None:
    words = await _mbpoll(peer, endpoint, "-a", WATER, "-r", 1, "-c", 2, "-t", "4:hex")
    assert re.findall(r"0x([0-9A-F]{4})", words) == ["2552", "9A44"]
    await _mbpoll(peer, endpoint, "-a", WATER, "-r", 28, "-t", 4, write="2")
    assert not desk.farm.water_meter("0010010103").valve_open
    assert [entry.function for entry in desk.farm.journal.writes()] == [6]


def _float_dcba(client: Any, words: list[int]) -> float:
    """What pymodbus makes of the words once the bytes of each and the two of them are swapped."""
    swapped = [int.from_bytes(word.to_bytes(2, "little"), "big") for word in reversed(words)]
    value: float = client.convert_from_registers(swapped, client.DATATYPE.FLOAT32)
    return value


async def _mbpoll(peer: Callable[[str], str], endpoint: Endpoint, *options: object, write: str = "") -> str:
    command = [peer("mbpoll"), "-m", "tcp", "-p", endpoint.tcp, "-0", "-1", *options, endpoint.host]
    if write:
        command.append(write)
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(20):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()
