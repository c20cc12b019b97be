import os
from typing import Any

import pytest

from prewatt_fixtures.endpoints import Endpoint
from prewatt_fixtures.site import load_site, shipped_sites
from prewatt_fixtures.wire import rtu
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.errors import NotPrepaid, PortTaken, UnknownMeter
from prewatt_simulator.farm import Farm

READ = rtu.encode(1, read_holding(0x0221, 1))
REPLY = rtu.encode(1, b"\x03\x02\0\6")
BASE_PORT = 61_100 + 10 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""Above the ports that Linux gives to outgoing connections, so that no other test's connection takes it meanwhile."""


@pytest.mark.anyio
class TestServing:
    async def test_listeners_are_in_order_of_gateway_and_port(self, master_of: Any, opened: Any) -> None:
        async with master_of(opened).farm.serving(framing="tcp") as endpoints:
            assert [(e.gateway, e.port, e.host, e.framing) for e in endpoints] == [
                ("001001", 1, "127.0.0.1", "tcp"),
                ("001001", 2, "127.0.0.1", "tcp"),
            ]
            assert len({e.tcp for e in endpoints}) == 2

    async def test_a_base_port_numbers_them_upwards(self, master_of: Any, opened: Any) -> None:
        farm = master_of(opened).farm
        async with farm.serving(base_port=BASE_PORT) as endpoints:
            assert [endpoint.tcp for endpoint in endpoints] == [BASE_PORT, BASE_PORT + 1]

    async def test_the_same_ports_can_be_served_again_at_once(
        self, master_of: Any, opened: Any, connected: Any
    ) -> None:
        farm = master_of(opened).farm
        for _ in range(3):
            async with farm.serving(base_port=BASE_PORT) as endpoints, connected(endpoints[0]) as wire:
                wire.send(READ)
                assert await wire.receive(7) == REPLY

    async def test_a_port_in_use_is_named_and_leaves_no_listener(self, master_of: Any, opened: Any) -> None:
        one, other = master_of(opened).farm, master_of(opened).farm
        async with one.serving() as endpoints:
            taken = endpoints[0].tcp
            with pytest.raises(PortTaken) as refused:
                async with other.serving(base_port=taken - 1):
                    pass
            assert refused.value.host == "127.0.0.1"
            assert str(refused.value.port) in str(refused.value)

    async def test_stopping_drops_the_clients(self, master_of: Any, opened: Any, connected: Any) -> None:
        farm = master_of(opened).farm
        async with farm.serving() as endpoints:
            context = connected(endpoints[0])
            wire = await context.__aenter__()
            wire.send(READ)
            await wire.receive(7)
        assert await wire.ended()
        await context.__aexit__(None, None, None)


def test_an_unknown_meter_is_named(master_of: Any, opened: Any) -> None:
    with pytest.raises(UnknownMeter, match="0010010155"):
        master_of(opened).farm.meter("0010010155")


def test_credit_of_a_meter_without_it_raises_not_prepaid(master_of: Any) -> None:
    meter = master_of({"model": '"DTSD1352-C"'}).meter()
    assert meter.energy_centikwh == 0
    with pytest.raises(NotPrepaid, match="DTSD1352-C"):
        assert meter.remaining_fen


@pytest.mark.parametrize("name", shipped_sites())
def test_every_meter_of_a_shipped_site_answers(name: str) -> None:
    farm = Farm(load_site(name))
    for placed in farm.site.meters:
        first = placed.profile.blocks[0]
        count = min(first.count, 10)
        reply, _ = farm.bus(placed.gateway, placed.port).exchange(
            placed.bus_address, read_holding(first.start, count), farm.clock.time()
        )
        assert reply is not None
        assert reply[:2] == bytes((3, 2 * count)), placed.number


def test_endpoints_are_plain_values(master_of: Any) -> None:
    assert Endpoint("001001", 1, "127.0.0.1", 15001, "rtu").tcp == 15001
