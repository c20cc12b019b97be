"""Defaults from the farm's seed for meters without `load` or `start` in the site file.

Only a meter without `load` or without `start` gets what stands here; a value that the file names is never touched.
"""

import random
from typing import NamedTuple

from prewatt_fixtures.profile import DeviceKind
from prewatt_fixtures.site import NO_LOAD, NO_START, SiteMeter
from prewatt_simulator.devices.load import SHAPES

_CENTIKWH_PER_DAY = {1: range(200, 2000), 3: range(1000, 10_000)}
"""By phases, behind transformers of 1."""
_LITRES_PER_DAY = range(200, 3000)
_RATIO_MAX = 100
"""Larger transformers get no larger loads."""
_DAYS = range(30, 900)
"""For so long a meter has counted."""
_OTHERWISE_PER_DAY = 1000
"""Counted for each of the days where the load itself names no amount: traces, and what is said to draw nothing."""
_SHAPES = tuple(shape for shape in SHAPES if shape != "idle")


class DefaultLoad(NamedTuple):
    """Load of a meter: 0.01 kWh or litres a day in a shape, or a trace file."""

    shape: str
    per_day: int
    file: str | None = None
    solar_per_day: int = 0
    """0.01 kWh generated a day behind the same meter."""


def load_for(placed: SiteMeter, seed: int) -> DefaultLoad:
    """By the site file, or from the seed."""
    configured, water = placed.load, placed.profile.kind is DeviceKind.WATER_METER
    if configured is not NO_LOAD:
        return DefaultLoad(
            configured.shape,
            configured.m3_per_day if water else configured.kwh_per_day,
            configured.file,
            configured.solar_kwh_per_day,
        )
    rng = random.Random(f"{seed}/{placed.number}/load")
    shape = rng.choice(_SHAPES)
    if water:
        return DefaultLoad(shape, rng.choice(_LITRES_PER_DAY))
    ratio = min(placed.ct * placed.pt, _RATIO_MAX)
    return DefaultLoad(shape, rng.choice(_CENTIKWH_PER_DAY[placed.profile.phases]) * ratio)


def energy_centikwh(placed: SiteMeter, drawn: DefaultLoad, seed: int) -> int:
    """Start energy in 0.01 kWh: by the site file, or the base and some days of the load."""
    return (
        placed.start.energy if placed.start is not NO_START else placed.base + _counted(placed, drawn, seed)
    )


def volume_litres(placed: SiteMeter, drawn: DefaultLoad, seed: int) -> int:
    """The same of a water meter."""
    return placed.start.volume if placed.start is not NO_START else _counted(placed, drawn, seed)


def _counted(placed: SiteMeter, drawn: DefaultLoad, seed: int) -> int:
    days = random.Random(f"{seed}/{placed.number}/start").choice(_DAYS)
    return days * (drawn.per_day or _OTHERWISE_PER_DAY)
