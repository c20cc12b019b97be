"""A refresh reads one meter now, and says at once when it cannot."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from prewatt_platform.control.models import Command
from prewatt_platform.control.service import ControlService
from prewatt_platform.kernel.settings import Settings
from prewatt_platform.metering.errors import GatewayUnreachable, UnknownMeter
from prewatt_platform.metering.readings import ReadingRepository
from prewatt_simulator.faults import Fault, FaultKind

if TYPE_CHECKING:
    from conftest import House

pytestmark = pytest.mark.anyio

OpenHouse = Callable[..., Awaitable["House"]]
METER = "0000010202"
POSTPAID = "0000010101"
IMPATIENT = Settings(read_timeout_s=0.2, read_retries=0)


async def refresh(house: "House", number: str) -> Command:
    async with house.database.project(house.scope) as work:
        return await ControlService(work).refresh(number)


async def readings(house: "House", command: Command) -> int:
    async with house.database.project(house.scope) as work:
        return await ReadingRepository(work).count(command.meter_id)


@pytest.mark.parametrize("number", [METER, POSTPAID])
async def test_a_refresh_stores_a_reading(open_house: OpenHouse, number: str) -> None:
    house = await open_house(work="all")
    await house.read()
    before = await readings(house, await refresh(house, number))
    done = await house.ended((await refresh(house, number)).id)
    assert (done.state, done.attempts) == ("SUCCEEDED", 1)
    assert await readings(house, done) > before


async def test_a_silent_meter_fails_it_by_name(open_house: OpenHouse) -> None:
    house = await open_house(settings=IMPATIENT)
    house.farm.faults.add(Fault(kind=FaultKind.DEAD_METER, meter=METER))
    await house.platform.start()
    done = await house.ended((await refresh(house, METER)).id)
    assert done.state == "FAILED"
    assert done.detail is not None
    assert METER in done.detail
    assert "no reply" in done.detail


async def test_a_gateway_that_takes_no_connection_fails_it(open_house: OpenHouse) -> None:
    async def refuse(host: str, tcp: int) -> None:
        raise ConnectionRefusedError(f"{host}:{tcp} refused")

    house = await open_house(work="all", connect=refuse)
    done = await house.ended((await refresh(house, METER)).id)
    assert done.state == "FAILED"
    assert done.detail is not None
    assert "127.0.0.1" in done.detail


async def test_a_gateway_that_nobody_has_told_of_refuses_it_at_once(open_house: OpenHouse) -> None:
    house = await open_house(known=False)
    with pytest.raises(GatewayUnreachable, match="gateway 000001 port 2"):
        await refresh(house, METER)


@pytest.mark.parametrize("number", ["0000010299", "0070010202", "nonsense"])
async def test_an_unknown_meter_is_named_and_another_project_s_is_unknown(
    open_house: OpenHouse, number: str
) -> None:
    house = await open_house()
    await open_house(code="007")
    with pytest.raises(UnknownMeter, match=number):
        await refresh(house, number)


async def test_while_one_waits_the_same_is_given_again(open_house: OpenHouse) -> None:
    house = await open_house()
    first = await refresh(house, METER)
    assert (await refresh(house, METER)).id == first.id
    assert (await refresh(house, POSTPAID)).id != first.id
