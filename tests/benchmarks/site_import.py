"""How long a site of 3,000 meters takes to import."""

import asyncio
import time

from benchmarks.verdict import Verdict

from prewatt_fixtures.clock import RealClock
from prewatt_fixtures.site import Site, parse_site
from prewatt_platform.kernel import migrate
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.ids import IdMaker
from prewatt_platform.kernel.postgres import EmbeddedPostgres
from prewatt_platform.onboarding import import_site
from prewatt_simulator.generate import site_text

METERS = 3_000
SECONDS_MAX = 2.0


def measure(quick: bool) -> list[Verdict]:
    """Import once into an empty database with durable commits, then again without changes."""
    meters = METERS // 10 if quick else METERS
    site = parse_site(site_text(meters, 1), "generated")
    with EmbeddedPostgres() as url:
        first_s, again_s = asyncio.run(_import_twice(url, site))
    print(f"{meters} meters: {first_s:.2f} s, again without a change {again_s:.2f} s", flush=True)
    return [Verdict(f"import of {meters} meters", first_s, "at most", SECONDS_MAX, "s")]


async def _import_twice(url: str, site: Site) -> tuple[float, float]:
    await migrate.upgrade(url)
    clock = RealClock()
    database = Database(url, clock=clock, new_id=IdMaker(clock))
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        await import_site(database, site)
        seconds.append(time.perf_counter() - began)
    await database.close()
    return seconds[0], seconds[1]
