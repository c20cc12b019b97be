"""Gateway, port and bus address of a meter are generated from its number."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from prewatt_fixtures.site import Site, parse_site
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.tenancy import PLATFORM, Scope
from prewatt_platform.metering.models import Meter
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.metering.service import MeteringService
from prewatt_platform.onboarding import import_site

if TYPE_CHECKING:
    from conftest import Deployment

pytestmark = pytest.mark.anyio

SCOPE = Scope(1, PLATFORM)


def a_site(*places: tuple[int, int]) -> Site:
    """A site with one meter on each (port, address) of one gateway."""
    ports = ", ".join(f"{{ port = {port} }}" for port in sorted({port for port, _ in places}))
    meters = "".join(
        f'[[meters]]\nnumber = "001029{port:02X}{address:02X}"\nmodel = "DTSD1352-C"\nplace = "{port}/{address}"\n'
        for port, address in places
    )
    head = '[project]\ncode = "001"\nname = "one"\n[[gateways]]\nnumber = "001029"\n'
    return parse_site(f"{head}ports = [{ports}]\n{meters}", "here")


async def test_port_and_bus_address_are_hexadecimal_digits_of_the_number(database: Database) -> None:
    places = [(1, 1), (1, 11), (9, 247), (10, 16), (16, 10), (99, 99), (171, 205), (255, 1)]
    site = a_site(*places)
    await import_site(database, site)
    by_number = {meter.number: meter for meter in site.meters}
    async with database.project(SCOPE) as work:
        meters = await MeterRepository(work).all()
    assert sorted((meter.port, meter.bus_address) for meter in meters) == sorted(places)
    for meter in meters:
        described = by_number[meter.number]
        assert (meter.gateway_number, meter.port, meter.bus_address) == (
            described.gateway,
            described.port,
            described.bus_address,
        )


@pytest.fixture
async def one_meter(database: Database) -> Meter:
    await import_site(database, a_site((1, 1)))
    async with database.project(SCOPE) as work:
        (meter,) = await MeterRepository(work).all()
    return meter


@pytest.mark.parametrize("column", ["gateway_number", "port", "bus_address"])
async def test_generated_columns_cannot_be_set(database: Database, one_meter: Meter, column: str) -> None:
    async def set_apart() -> None:
        async with database.project(SCOPE) as work:
            await work.session.execute(text(f"UPDATE meters SET {column} = {column}"))

    with pytest.raises(DBAPIError, match="can only be updated to DEFAULT"):
        await set_apart()


@pytest.mark.parametrize("number", ["001029010", "00102901011", "0010290l01", "001029010b", "00102Z0101"])
async def test_an_invalid_meter_number_is_refused(database: Database, one_meter: Meter, number: str) -> None:
    async def renumber() -> None:
        async with database.project(SCOPE) as work:
            await work.session.execute(text("UPDATE meters SET number = :number"), {"number": number})

    with pytest.raises(DBAPIError):
        await renumber()


async def test_a_meter_needs_an_existing_port(database: Database, one_meter: Meter) -> None:
    async def move() -> None:
        async with database.project(SCOPE) as work:
            await work.session.execute(text("UPDATE meters SET number = '0010290201'"))

    with pytest.raises(DBAPIError, match="foreign key"):
        await move()


async def test_the_address_of_a_meter_comes_from_its_port(
    open_deployment: Callable[..., Awaitable["Deployment"]],
) -> None:
    deployment = await open_deployment(framing="tcp")
    by_place = {(endpoint.gateway, endpoint.port): endpoint for endpoint in deployment.endpoints}
    async with deployment.database.project(deployment.scope) as work:
        metering = MeteringService(work)
        for described in deployment.farm.site.meters:
            address = await metering.address(await metering.meter(described.number))
            endpoint = by_place[described.gateway, described.port]
            assert (address.bus.host, address.bus.tcp, address.bus.framing) == (
                endpoint.host,
                endpoint.tcp,
                "tcp",
            )
            assert (address.unit, address.model) == (described.bus_address, described.profile.model)
            assert (address.ct, address.pt, address.number) == (described.ct, described.pt, described.number)
