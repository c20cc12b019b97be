"""Checks that every meter of a site was read and stored, through the API.

A meter counts as read only when a reading of this run has total and per-rate energy and power, and on a prepaid meter
also remaining, purchase count, total purchased and the relay. What a meter must have says the site file, not the API.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prewatt_fixtures.clock import Clock
from prewatt_fixtures.site import Site, SiteMeter
from prewatt_harness import documents
from prewatt_harness.api import Api, Json
from prewatt_harness.progress import Progress

READ_S_MAX: Final = 30.0
REFRESHED_AT_ONCE: Final = 8

_OF_ALL: Final = ("energyTotal", "energySharp", "energyPeak", "energyFlat", "energyValley", "power")
_OF_PREPAID: Final = ("remaining", "purchaseCount", "totalPurchased")
_LOOK_AGAIN_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class ReadMeters:
    """What came of reading a site."""

    read: tuple[Json, ...]
    """The meters that were read, by number, as `documents.METERS` asks for them."""
    failed: tuple[str, ...]
    """Numbers of the others."""
    done_at: datetime

    def seconds_from(self, ready_at: datetime) -> float:
        """Since collection began: when the platform was ready, or shortly before, while it was getting ready."""
        return (self.done_at - min([ready_at, *map(_read_at, self.read)])).total_seconds()


async def read_all(api: Api, site: Site, since: datetime, clock: Clock, progress: Progress) -> ReadMeters:
    """Wait until every meter was read since then, `READ_S_MAX` at most."""
    expected = {meter.number: meter for meter in site.energy_meters}
    await _refresh(api, since)
    while True:
        out_of_time = (clock.now() - since).total_seconds() > READ_S_MAX
        heard = await _heard(api, since)
        progress.counted(heard, len(expected))
        if heard >= len(expected) or out_of_time:
            read = await _read(api, expected, since)
            if len(read) == len(expected) or out_of_time:
                failed = tuple(sorted(expected.keys() - read.keys()))
                return ReadMeters(tuple(read.values()), failed, clock.now())
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _read(api: Api, expected: Mapping[str, SiteMeter], since: datetime) -> dict[str, Json]:
    """Those of the expected meters that were read, in the order of their numbers."""
    found = {meter["number"]: meter for meter in await api.meters(documents.METERS)}
    return {
        number: found[number]
        for number, meter in sorted(expected.items())
        if number in found and is_read(meter, found[number], since)
    }


def is_read(meter: SiteMeter, found: Json, since: datetime) -> bool:
    """Whether the API's reading of a meter is complete."""
    reading = found["reading"]
    if reading is None or _read_at(found) < since:
        return False
    wanted = _OF_ALL + _OF_PREPAID if meter.profile.prepaid else _OF_ALL
    relay_known = not meter.profile.prepaid or reading["relay"] != "UNKNOWN"
    return relay_known and all(reading[name] is not None for name in wanted)


async def _heard(api: Api, since: datetime) -> int:
    return sum(at is not None and at >= since for at in (await _heard_at(api)).values())


async def _refresh(api: Api, since: datetime) -> None:
    """Refresh meters that an earlier run on this folder has read in the running slot."""
    free = asyncio.Semaphore(REFRESHED_AT_ONCE)

    async def refresh(number: str) -> None:
        async with free:
            await api.refresh(number)

    heard_at = await _heard_at(api)
    await asyncio.gather(
        *(refresh(number) for number, at in heard_at.items() if at is not None and at < since)
    )


async def _heard_at(api: Api) -> dict[str, datetime | None]:
    """Time of each meter's latest answer; cheaper than its reading."""
    times = {meter["number"]: meter["lastHeardAt"] for meter in await api.meters(documents.HEARD)}
    return {number: None if at is None else datetime.fromisoformat(at) for number, at in times.items()}


def _read_at(meter: Json) -> datetime:
    return datetime.fromisoformat(meter["reading"]["at"])
