"""How many scheduled readings succeed at 10 % loss of each kind, side by side: farm and platform on virtual time.

Site `tiny`, real PostgreSQL, one kind of loss at a time in a database of its own. A reading that fails may have its
second chance inside its slot; what counts is whether the slot has a reading.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlmodel import select

from prewatt_fixtures.site import load_site
from prewatt_fixtures.virtual import VirtualClock, VirtualLoop
from prewatt_platform.app import Platform
from prewatt_platform.kernel.settings import Settings
from prewatt_platform.kernel.tenancy import PLATFORM, Scope
from prewatt_platform.metering.models import Reading
from prewatt_platform.metering.service import MeteringService
from prewatt_platform.onboarding import import_site
from prewatt_simulator.farm import Farm
from prewatt_simulator.faults import Fault

START: Final = datetime(2026, 1, 5, 4, tzinfo=UTC)
INTERVAL_S: Final = 180
TIMEOUT_S: Final = 0.4
PROBABILITY: Final = 0.1
KINDS: Final[Mapping[str, Fault | None]] = {
    "no loss": None,
    "request lost": Fault(kind="lose-request", probability=PROBABILITY),
    "reply lost": Fault(kind="lose-reply", probability=PROBABILITY),
    "reply late": Fault(kind="delay-reply", delay_s=2 * TIMEOUT_S, probability=PROBABILITY),
    "exception 0BH": Fault(kind="exception", code=0x0B, probability=PROBABILITY),
    "busy": Fault(kind="exception", code=0x06, probability=PROBABILITY),
    "collision": Fault(kind="collide", probability=PROBABILITY),
    "bad CRC": Fault(kind="bad-crc", probability=PROBABILITY),
    "reply cut short": Fault(kind="truncate", probability=PROBABILITY),
    "connection dropped": Fault(kind="disconnect", probability=PROBABILITY),
}


@dataclass(frozen=True, slots=True)
class Share:
    """Readings of so many slots."""

    read: int
    slots: int

    @property
    def percent(self) -> float:
        return 100 * self.read / self.slots


def run(database_url: str, fault: Fault | None, seed: int, rounds: int) -> Share:
    """Read each meter of the site in `rounds` slots under the fault."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_run(database_url, fault, seed, rounds))


async def _run(database_url: str, fault: Fault | None, seed: int, rounds: int) -> Share:
    clock = VirtualClock(asyncio.get_running_loop(), START)
    site = load_site("tiny")
    farm = Farm(site, clock=clock, seed=seed)
    if fault is not None:
        farm.faults.add(fault)
    settings = Settings(read_timeout_s=TIMEOUT_S, read_retries=1, database_connections_max=4, tick_s=15)
    async with farm.in_memory() as network:
        platform = Platform(database_url, settings, clock=clock, connect=network.connect)
        scope = Scope(1, PLATFORM)
        try:
            await import_site(platform.database, site, network.endpoints)
            async with platform.database.project(scope) as work:
                await MeteringService(work).set_reading_interval(None, INTERVAL_S)
            await platform.start("collector")
            await clock.sleep(rounds * INTERVAL_S)
            async with platform.database.project(scope) as work:
                rows = await work.session.execute(select(Reading.meter_id, Reading.at))
                read = {(meter, int(at.timestamp()) // INTERVAL_S) for meter, at in rows}
        finally:
            await platform.stop()
    first = min(slot for _, slot in read)
    # the first slot had begun already, and the last has not ended
    whole = [place for place in read if first < place[1] < first + rounds]
    return Share(len(whole), (rounds - 1) * len(site.energy_meters))
