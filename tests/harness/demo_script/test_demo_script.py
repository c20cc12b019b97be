"""The demo script succeeds only if the meter's own registers tell the same."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from prewatt_fixtures.clock import RealClock
from prewatt_fixtures.endpoints import Endpoint
from prewatt_fixtures.site import Site
from prewatt_harness import demo_script
from prewatt_harness.api import Api
from prewatt_harness.bus_probe import BusProbe
from prewatt_harness.errors import CheckFailed, NothingToSell
from prewatt_harness.progress import Progress
from prewatt_harness.reading import read_all
from prewatt_platform.operators.models import Role
from prewatt_simulator.farm import Farm

pytestmark = pytest.mark.anyio


@dataclass
class Stage:
    """A stack that was read, an administrator's session, and eyes on the bus."""

    deployment: Any
    api: Api
    probe: BusProbe
    meters: Any

    async def sell(self) -> demo_script.Sold:
        return await demo_script.sell(
            self.api, self.probe, self.deployment.farm.site, self.meters, Progress()
        )

    async def refund(self, sold: demo_script.Sold) -> demo_script.Refunded:
        return await demo_script.refund(self.api, self.probe, sold, Progress())

    async def switch(self, number: str) -> demo_script.Switched:
        return await demo_script.switch(self.api, self.probe, number, Progress())


@pytest.fixture
async def stage(open_deployment: Any, open_api: Any) -> AsyncIterator[Stage]:
    since = RealClock().now()
    deployment = await open_deployment("tiny", work="all")
    live = await open_api(deployment)
    await deployment.operator("teller", Role.ADMINISTRATOR)
    site: Site = deployment.farm.site
    async with Api.signed_in(live.url, "teller", "correct horse", "000") as api:
        found = await read_all(api, site, since, RealClock(), Progress())
        yield Stage(deployment, api, BusProbe(site, deployment.endpoints), found.read)


@pytest.fixture
async def twin(stage: Stage) -> AsyncIterator[tuple[Endpoint, ...]]:
    """Another farm of the same site, which nobody sells to."""
    async with Farm(stage.deployment.farm.site).serving() as endpoints:
        yield endpoints


async def test_the_first_unopened_prepaid_meter_is_opened_sold_to_and_switched(stage: Stage) -> None:
    sold = await stage.sell()
    assert sold.meter == "0000010202"
    assert sold.state == "APPLIED"
    assert (sold.before.purchase_count, sold.after.purchase_count) == (0, 1)
    assert sold.after.total_purchased_fen == 5000
    assert await stage.switch(sold.meter) == demo_script.Switched(True, True, "PREPAID", 0)
    meter = stage.deployment.farm.meter(sold.meter)
    assert meter.relay_closed
    assert meter.purchase_count == 1


async def test_a_sale_that_the_meter_does_not_show_is_not_believed(
    stage: Stage, twin: tuple[Endpoint, ...]
) -> None:
    stage.probe = BusProbe(stage.deployment.farm.site, twin)
    with pytest.raises(CheckFailed, match="purchase count should be 1 and is 0"):
        await stage.sell()


async def test_a_refund_that_the_meter_does_not_show_is_not_believed(
    stage: Stage, twin: tuple[Endpoint, ...]
) -> None:
    sold = await stage.sell()
    stage.probe = BusProbe(stage.deployment.farm.site, twin)
    with pytest.raises(CheckFailed, match="purchase count should be 2 and is 0"):
        await stage.refund(sold)


async def test_a_statement_without_the_refund_is_not_believed(stage: Stage) -> None:
    since, sold = RealClock().now() - timedelta(minutes=1), await stage.sell()
    refunded = await stage.refund(sold)
    before_it = replace(refunded, receipt="00000000009")
    with pytest.raises(CheckFailed, match="newest movements"):
        await demo_script.state(stage.api, sold, before_it, since, since + timedelta(hours=1), Progress())


async def test_a_relay_that_only_the_api_shows_is_not_believed(
    stage: Stage, twin: tuple[Endpoint, ...]
) -> None:
    stage.probe = BusProbe(stage.deployment.farm.site, twin)
    with pytest.raises(CheckFailed, match="the relay, by API and bus"):
        await stage.switch("0000010201")


async def test_a_site_without_a_free_prepaid_meter_has_nothing_to_sell_to(stage: Stage) -> None:
    stage.meters = [meter for meter in stage.meters if meter["accountState"] != "UNOPENED"]
    with pytest.raises(NothingToSell) as refused:
        await stage.sell()
    assert refused.value.project_code == "000"
