"""The API's refusals come out by name, and so does its absence."""

from typing import Any

import pytest

from prewatt_fixtures.wire import vendor
from prewatt_harness import documents
from prewatt_harness.api import Api
from prewatt_harness.errors import ApiRefused, ApiUnreachable, CheckFailed
from prewatt_platform.operators.models import Role
from prewatt_simulator.faults import Fault, FaultKind

pytestmark = pytest.mark.anyio


@pytest.fixture
async def live(open_deployment: Any, open_api: Any) -> Any:
    deployment = await open_deployment("tiny", work="all")
    await deployment.operator("anna", Role.ADMINISTRATOR)
    return await open_api(deployment)


async def test_a_wrong_password(live: Any) -> None:
    with pytest.raises(ApiRefused) as refused:
        async with Api.signed_in(live.url, "anna", "wrong horse", "000"):
            pass
    assert (refused.value.operation, refused.value.code) == ("signIn", "WRONG_CREDENTIALS")


async def test_an_unknown_meter_and_a_foreign_project(live: Any) -> None:
    async with Api.signed_in(live.url, "anna", "correct horse", "000") as api:
        with pytest.raises(ApiRefused, match="saleCreate: NOT_FOUND"):
            await api.sell("0000019999", "50.00")
    async with Api.signed_in(live.url, "anna", "correct horse", "999") as api:
        with pytest.raises(ApiRefused, match="meters: PROJECT_REQUIRED"):
            await api.meters(documents.METERS)


async def test_a_read_that_fails(live: Any) -> None:
    live.deployment.farm.faults.add(Fault(kind=FaultKind.DEAD_METER, meter="0000010202"))
    async with Api.signed_in(live.url, "anna", "correct horse", "000") as api:
        assert (await api.refresh("0000010202"))["state"] == "FAILED"


async def test_a_sale_to_a_meter_that_somebody_else_topped_up(live: Any) -> None:
    farm = live.deployment.farm
    async with Api.signed_in(live.url, "anna", "correct horse", "000") as api:
        await api.sell("0000010201", "50.00")
        foreign = vendor.encode_request(vendor.TopUp(100, farm.meter("0000010201").purchase_count + 1))
        farm.bus("000001", 2).exchange(0x01, foreign, farm.clock.time())
        with pytest.raises(CheckFailed, match="saleCreate should be APPLIED and is VOIDED: ") as refused:
            await api.sell("0000010201", "50.00")
    assert "without us" in str(refused.value)


async def test_nobody_is_there() -> None:
    with pytest.raises(ApiUnreachable, match="signIn"):
        async with Api.signed_in("http://127.0.0.1:1", "anna", "correct horse", "000"):
            pass


async def test_somebody_else_is_there(live: Any) -> None:
    with pytest.raises(ApiUnreachable, match="signIn"):
        async with Api.signed_in(f"{live.url}/healthz?", "anna", "correct horse", "000"):
            pass
