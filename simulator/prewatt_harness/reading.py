"""Whether every meter of a site was read: stored, and seen again through the API.

A meter counts as read only when a reading of this run has total and per-rate energy and power, and on a prepaid meter
also remaining, purchase count, total purchased and the relay. What a meter must have says the site file, not the API.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prewatt_fixtures.site import Site, SiteMeter
from prewatt_harness import documents
from prewatt_harness.api import Api, Json
from prewatt_harness.progress import Progress

READ_S_MAX: Final = 60.0
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
    seconds: float


async def read_all(api: Api, site: Site, since: datetime, progress: Progress) -> ReadMeters:
    """Wait until every meter was read since then, `READ_S_MAX` at most."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await _refresh(api, await api.meters(documents.METERS), since)
    expected = {meter.number: meter for meter in site.meters}
    while True:
        out_of_time = loop.time() - began > READ_S_MAX
        heard = await _heard(api, since)
        progress.counted(heard, len(expected))
        if heard >= len(expected) or out_of_time:
            found = {meter["number"]: meter for meter in await api.meters(documents.METERS)}
            read = [n for n, meter in expected.items() if n in found and is_read(meter, found[n], since)]
            if len(read) == len(expected) or out_of_time:
                failed = tuple(sorted(expected.keys() - set(read)))
                return ReadMeters(tuple(found[n] for n in sorted(read)), failed, loop.time() - began)
        await asyncio.sleep(_LOOK_AGAIN_S)


def is_read(meter: SiteMeter, found: Json, since: datetime) -> bool:
    """Whether what the API gives of a meter is all that it must be."""
    reading = found["reading"]
    if reading is None or datetime.fromisoformat(reading["at"]) < since:
        return False
    wanted = _OF_ALL + _OF_PREPAID if meter.profile.prepaid else _OF_ALL
    relay_known = not meter.profile.prepaid or reading["relay"] != "UNKNOWN"
    return relay_known and all(reading[name] is not None for name in wanted)


async def _heard(api: Api, since: datetime) -> int:
    times = [meter["lastHeardAt"] for meter in await api.meters(documents.HEARD)]
    return sum(at is not None and datetime.fromisoformat(at) >= since for at in times)


async def _refresh(api: Api, found: Sequence[Json], since: datetime) -> None:
    """Ask for what the schedule will not read again by itself: meters that an earlier run on this folder has read."""
    free = asyncio.Semaphore(REFRESHED_AT_ONCE)

    async def refresh(number: str) -> None:
        async with free:
            await api.refresh(number)

    async with asyncio.TaskGroup() as asked:
        for meter in found:
            if meter["reading"] and datetime.fromisoformat(meter["reading"]["at"]) < since:
                asked.create_task(refresh(meter["number"]))
