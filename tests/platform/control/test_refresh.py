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
    from conftest import Deployment

pytestmark = pytest.mark.anyio

OpenDeployment = Callable[..., Awaitable["Deployment"]]
METER = "0000010202"
POSTPAID = "0000010101"
IMPATIENT = Settings(read_timeout_s=0.2, read_retries=0)


async def refresh(deployment: "Deployment", number: str) -> Command:
    async with deployment.database.project(deployment.scope) as work:
        return await ControlService(work).refresh(number)


async def readings(deployment: "Deployment", command: Command) -> int:
    async with deployment.database.project(deployment.scope) as work:
        return await ReadingRepository(work).count(command.meter_id)


@pytest.mark.parametrize("number", [METER, POSTPAID])
async def test_a_refresh_stores_a_reading(open_deployment: OpenDeployment, number: str) -> None:
    deployment = await open_deployment(work="all")
    await deployment.read()
    before = await readings(deployment, await refresh(deployment, number))
    done = await deployment.ended((await refresh(deployment, number)).id)
    assert (done.state, done.attempts) == ("SUCCEEDED", 1)
    assert await readings(deployment, done) > before


async def test_a_silent_meter_fails_it_by_name(open_deployment: OpenDeployment) -> None:
    deployment = await open_deployment(settings=IMPATIENT)
    deployment.farm.faults.add(Fault(kind=FaultKind.DEAD_METER, meter=METER))
    await deployment.platform.start()
    done = await deployment.ended((await refresh(deployment, METER)).id)
    assert done.state == "FAILED"
    assert done.detail is not None
    assert METER in done.detail
    assert "no reply" in done.detail


async def test_a_gateway_that_takes_no_connection_fails_it(open_deployment: OpenDeployment) -> None:
    async def refuse(host: str, tcp: int) -> None:
        raise ConnectionRefusedError(f"{host}:{tcp} refused")

    deployment = await open_deployment(work="all", connect=refuse)
    done = await deployment.ended((await refresh(deployment, METER)).id)
    assert done.state == "FAILED"
    assert done.detail is not None
    assert "127.0.0.1" in done.detail


async def test_a_gateway_that_nobody_has_told_of_refuses_it_at_once(open_deployment: OpenDeployment) -> None:
    deployment = await open_deployment(known=False)
    with pytest.raises(GatewayUnreachable, match="gateway 000001 port 2"):
        await refresh(deployment, METER)


@pytest.mark.parametrize("number", ["0000010299", "0070010202", "nonsense"])
async def test_an_unknown_meter_is_named_and_another_project_s_is_unknown(
    open_deployment: OpenDeployment, number: str
) -> None:
    deployment = await open_deployment()
    await open_deployment(code="007")
    with pytest.raises(UnknownMeter, match=number):
        await refresh(deployment, number)


async def test_while_one_waits_the_same_is_given_again(open_deployment: OpenDeployment) -> None:
    deployment = await open_deployment()
    first = await refresh(deployment, METER)
    assert (await refresh(deployment, METER)).id == first.id
    assert (await refresh(deployment, POSTPAID)).id != first.id
