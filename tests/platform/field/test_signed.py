"""Signed values stay signed from the meter to the platform: never 65,535 minus something."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_fixtures.clock import ManualClock
from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.profile import Register, profiles
from prewatt_fixtures.registers import RegisterType
from prewatt_fixtures.site import parse_site
from prewatt_platform.field.field import Field
from prewatt_platform.field.messages import BusAddress, MeterAddress
from prewatt_simulator.farm import Farm

NOON = datetime(2026, 7, 1, 4, tzinfo=UTC)
BITS = {RegisterType.I16: 15, RegisterType.I32: 31}
SIGNED = [
    pytest.param(row, id=f"{described.model} {row.address:#06x}")
    for described in profiles().values()
    for row in described.rows
    if row.type in BITS
]
POWERS = {
    measurement
    for measurement in Measurement
    if measurement.key.startswith(("power_", "reactive_power_")) and "demand" not in measurement.key
}
"""Measurements that have a direction; apparent power has none."""

SITE = """
[project]
code = "009"
name = "inverters"
timezone = "Asia/Shanghai"

[[gateways]]
number = "009001"
kind = "serial-server"
name = "roof"
ports = [{ port = 1, baud = 9600, parity = "N" }]
""" + "".join(
    f"""
[[meters]]
number = "00900101{address:02X}"
model = "{model}"
place = "{address}"
area = ["roof"]
load = {{ shape = "shop", kwh_per_day = "5", solar_kwh_per_day = "60" }}
"""
    for address, model in enumerate(("ADW300/CLR", "DTSD1352-C", "DTSY1352-NK/F", "DDSY1352-NK/F"), start=1)
)


@pytest.mark.parametrize("row", SIGNED)
def test_a_signed_register_gives_back_what_it_was_given(row: Register) -> None:
    edge = 1 << BITS[row.type]
    for raw in (-edge, -1, 0, 1, edge - 1):
        value = raw * row.counts
        assert row.decode(row.encode(value)) == value


@pytest.mark.parametrize("row", SIGNED)
@given(data=st.data())
def test_any_signed_value_survives_the_wire(row: Register, data: st.DataObject) -> None:
    edge = 1 << BITS[row.type]
    value = data.draw(st.integers(-edge, edge - 1)) * row.counts
    assert row.decode(row.encode(value)) == value


@pytest.mark.parametrize("model", sorted(profiles()))
def test_rows_with_a_direction_are_signed(model: str) -> None:
    unsigned = [
        f"{row.address:#06x} {row.measurement.key}"
        for row in profiles()[model].rows
        if row.measurement in POWERS and row.type not in BITS
    ]
    assert unsigned == []


@pytest.mark.anyio
async def test_a_meter_that_feeds_in_reads_negative_power_and_reverse_energy() -> None:
    clock = ManualClock(NOON)
    site = parse_site(SITE, "inverters")
    farm: Any = Farm(site, clock=clock)
    clock.advance(3600)
    async with farm.in_memory() as network:
        (endpoint,) = network.endpoints
        field = Field(clock, connect=network.connect)
        for placed in site.meters:
            address = MeterAddress(
                BusAddress(endpoint.host, endpoint.tcp, endpoint.framing),
                placed.bus_address,
                placed.model,
                placed.number,
            )
            reading = await field.read(address)
            assert -10_000 < reading.power_w < -4000, placed.model
            assert all(current >= 0 for current in reading.currents_ca)
            if placed.profile.has(Measurement.ENERGY_REVERSE):
                assert reading.energy_reverse_centikwh is not None
                assert 500 < reading.energy_reverse_centikwh < 1000
            else:
                assert reading.energy_reverse_centikwh is None
        await field.close()
