"""Values that a site file leaves out come from the seed; values that it names stay."""

from datetime import UTC, datetime
from typing import Any

import pytest

from prewatt_fixtures.clock import ManualClock
from prewatt_fixtures.site import parse_site
from prewatt_simulator.farm import Farm

HEAD = """
[project]
code = "001"
name = "bench"
[[gateways]]
number = "001001"
ports = [{ port = 1 }]
"""
MODELS = ("ADW300/CLR", "DTSD1352-C", "DTSY1352-NK/F", "DDSY1352-NK/F")


def farm_of(*keys: str, seed: int = 1) -> Farm:
    rows = [
        f'[[meters]]\nnumber = "001001010{unit}"\nplace = "p"\n{each}\n' for unit, each in enumerate(keys, 1)
    ]
    clock = ManualClock(datetime(2026, 1, 5, tzinfo=UTC))
    return Farm(parse_site(HEAD + "".join(rows), "bench.toml"), clock=clock, seed=seed)


def seeded_values(farm: Farm) -> list[Any]:
    return [farm.meter(number).energy_by_rate_mwh for number in farm.meter_numbers]


def bare(seed: int = 1) -> Farm:
    return farm_of(
        *(f'model = "{model}"\nct = {ct}' for model, ct in zip(MODELS, (40, 20, 1, 1), strict=True)),
        seed=seed,
    )


def test_meters_without_start_have_energy_and_a_load() -> None:
    farm = bare()
    before = [farm.meter(number).energy_centikwh for number in farm.meter_numbers]
    assert all(centikwh > 0 for centikwh in before)
    assert isinstance(farm.clock, ManualClock)
    farm.clock.advance(86_400)
    after = [farm.meter(number).energy_centikwh for number in farm.meter_numbers]
    assert all(then < now for then, now in zip(before, after, strict=True))


def test_defaults_are_determined_by_the_seed() -> None:
    assert seeded_values(bare()) == seeded_values(bare())
    assert all(
        one != other for one, other in zip(seeded_values(bare()), seeded_values(bare(seed=2)), strict=True)
    )


def test_defaults_differ_between_meters() -> None:
    first, second = seeded_values(farm_of('model = "DTSD1352-C"', 'model = "DTSD1352-C"'))
    assert first != second


def test_values_in_the_site_file_are_kept() -> None:
    farm = farm_of('model = "DTSD1352-C"\nstart = { energy = "12.00" }\nload = { kwh_per_day = "24.00" }')
    assert isinstance(farm.clock, ManualClock)
    farm.clock.advance(3600)
    assert farm.meter("0010010101").energy_centikwh == 1300
    idle = farm_of('model = "DTSD1352-C"\nstart = {}\nload = {}')
    assert farm_of('model = "DTSD1352-C"\nstart = {}\nload = {}').meter("0010010101").energy_centikwh == 0
    assert isinstance(idle.clock, ManualClock)
    idle.clock.advance(3600)
    assert idle.meter("0010010101").energy_centikwh == 0


def test_an_unopened_meter_owes_its_energy_since_the_base() -> None:
    meter = farm_of('model = "DDSY1352-NK/F"\nbase = "50.00"').meter("0010010101")
    assert meter.energy_centikwh > 5000
    assert meter.remaining_fen == 5000 - meter.energy_centikwh


@pytest.mark.parametrize("ratio", [1, 9999])
def test_defaults_fit_into_the_registers(ratio: int) -> None:
    for seed in range(20):
        farm = farm_of(*(f'model = "{model}"\nct = {ratio}\npt = {ratio}' for model in MODELS), seed=seed)
        assert all(farm.meter(number).energy_centikwh < 2**32 for number in farm.meter_numbers)


def test_water_meters_have_defaults_too() -> None:
    meter = farm_of('model = "水表"').water_meter("0010010101")
    assert meter.volume_litres > 0
