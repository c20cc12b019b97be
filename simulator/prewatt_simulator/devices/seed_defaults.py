"""Defaults from the farm's seed for meters without `load` or `start` in the site file.

A value that the site file names is never changed. The ranges are our own choice (ASSUMED).
"""

import random
from typing import NamedTuple

from prewatt_fixtures.profile import DeviceKind
from prewatt_fixtures.site import NO_LOAD, NO_START, SiteMeter
from prewatt_simulator.devices.load import SHAPES

_CENTIKWH_PER_DAY = {1: range(200, 2000), 3: range(1000, 10_000)}
"""By number of phases, for CT × PT = 1."""
_LITRES_PER_DAY = range(200, 3000)
_RATIO_MAX = 100
"""CT × PT above which the load does not grow further."""
_DAYS_COUNTED = range(30, 900)
"""Days for which a meter has counted before the farm starts."""
_PER_DAY_WITHOUT_AMOUNT = 1000
"""Amount per day before the start for traces and for loads that draw nothing."""
_SHAPES = tuple(shape for shape in SHAPES if shape != "idle")


class DefaultLoad(NamedTuple):
    """Load of a meter: 0.01 kWh or litres a day in a shape, or a trace file."""

    shape: str
    per_day: int
    file: str | None = None
    solar_per_day: int = 0
    """0.01 kWh generated per day behind the same meter."""


def load_for(placed: SiteMeter, seed: int) -> DefaultLoad:
    """The load in the site file, or one from the seed."""
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
    """Start energy in 0.01 kWh: from the site file, or the base plus some days of the load."""
    return (
        placed.start.energy
        if placed.start is not NO_START
        else placed.base + _start_amount(placed, drawn, seed)
    )


def volume_litres(placed: SiteMeter, drawn: DefaultLoad, seed: int) -> int:
    """Start volume in litres of a water meter: from the site file, or some days of the load."""
    return placed.start.volume if placed.start is not NO_START else _start_amount(placed, drawn, seed)


def _start_amount(placed: SiteMeter, drawn: DefaultLoad, seed: int) -> int:
    days = random.Random(f"{seed}/{placed.number}/start").choice(_DAYS_COUNTED)
    return days * (drawn.per_day or _PER_DAY_WITHOUT_AMOUNT)
