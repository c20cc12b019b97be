"""The field's master works over connections without sockets, and there on virtual time."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest

from prewatt_fixtures.clock import ScaledClock
from prewatt_fixtures.endpoints import Endpoint, Framing
from prewatt_fixtures.site import Site, load_site
from prewatt_fixtures.virtual import VirtualClock, VirtualLoop
from prewatt_platform.field.field import Field
from prewatt_platform.field.messages import BusAddress, MeterAddress, MeterReading
from prewatt_platform.field.settings import FieldSettings
from prewatt_simulator.farm import Farm
from prewatt_simulator.faults import Fault

NOON = datetime(2021, 12, 28, 4, tzinfo=UTC)
HAIRDRESSER = "0000010201"


def _addresses(site: Site, endpoints: tuple[Endpoint, ...]) -> dict[str, MeterAddress]:
    buses = {(e.gateway, e.port): BusAddress(e.host, e.tcp, e.framing) for e in endpoints}
    return {
        m.number: MeterAddress(buses[m.gateway, m.port], m.bus_address, m.model, m.number, ct=m.ct, pt=m.pt)
        for m in site.energy_meters
    }


async def _read_all(field: Field, addresses: dict[str, MeterAddress]) -> dict[str, MeterReading]:
    readings = await asyncio.gather(*map(field.read, addresses.values()))
    await field.close()
    return dict(zip(addresses, readings, strict=True))


@pytest.mark.anyio
@pytest.mark.parametrize("framing", ["rtu", "tcp"])
@pytest.mark.parametrize("name", ["tiny", "mingde"])
async def test_every_meter_reads_as_over_sockets(name: str, framing: Framing) -> None:
    site = load_site(name)
    clock = ScaledClock(NOON, 0)
    farm = Farm(site, clock=clock)
    async with farm.serving(framing=framing) as endpoints:
        field = Field(clock, settings=FieldSettings(timeout_s=20))
        over_sockets = await _read_all(field, _addresses(site, endpoints))
    farm = Farm(site, clock=clock)
    async with farm.in_memory(framing=framing) as network:
        field = Field(clock, settings=FieldSettings(timeout_s=20), connect=network.connect)
        in_memory = await _read_all(field, _addresses(site, network.endpoints))
    assert in_memory == over_sockets
    assert len(in_memory) == len(site.energy_meters)


Visit = Callable[[Farm, Field, dict[str, MeterAddress]], Coroutine[Any, Any, None]]


def _in_virtual_time(visit: Visit) -> tuple[Farm, float]:
    """The farm after a visit with wire timing, and how many seconds the visit took."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        farm = Farm(load_site("tiny"), clock=VirtualClock(loop, NOON), wire_timing=True)

        async def call() -> None:
            async with farm.in_memory() as network:
                field = Field(farm.clock, connect=network.connect)
                await visit(farm, field, _addresses(farm.site, network.endpoints))
                await field.close()

        runner.run(call())
        return farm, loop.time()


async def _read_every_half_hour(farm: Farm, field: Field, addresses: dict[str, MeterAddress]) -> None:
    for _ in range(48):
        due = farm.clock.time() + 1800
        await asyncio.gather(*map(field.read, addresses.values()))
        await farm.clock.sleep(due - farm.clock.time())


def test_a_day_of_readings_takes_a_day_and_is_the_same_every_time() -> None:
    farm, took_s = _in_virtual_time(_read_every_half_hour)
    again, _ = _in_virtual_time(_read_every_half_hour)
    assert took_s == pytest.approx(86_400, abs=1e-3)
    assert {entry.meter for entry in farm.journal} == set(farm.meter_numbers)
    assert list(farm.journal) == list(again.journal)


def test_time_outs_and_retries_are_on_the_same_time_as_the_copper() -> None:
    async def lose_one(farm: Farm, field: Field, addresses: dict[str, MeterAddress]) -> None:
        await field.read(addresses[HAIRDRESSER])
        farm.faults.add(Fault(kind="lose-reply", meter=HAIRDRESSER, count=1))
        await field.read(addresses[HAIRDRESSER])

    farm, _ = _in_virtual_time(lose_one)
    entries = list(farm.journal)
    lost = next(index for index, entry in enumerate(entries) if entry.verdict == "reply-lost")
    assert entries[lost + 1].at - entries[lost].at == pytest.approx(FieldSettings().timeout_s, abs=0.02)
