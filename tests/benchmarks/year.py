"""How fast a year of `mingde` passes: every meter read every half hour through the in-memory transport, on copper.

One event loop on virtual time, one client a bus, wire timing on: the waits of the line, the meters' turnaround and
the clients' own schedule take simulated time only. What is read is what bills: energy by rate, or the prepaid block.
"""

import asyncio
import cProfile
import io
import pstats
import sys
import time
from datetime import UTC, datetime

from benchmarks.verdict import Verdict

from prewatt_fixtures.endpoints import Endpoint
from prewatt_fixtures.site import SiteMeter, load_site
from prewatt_fixtures.virtual import VirtualClock, VirtualLoop
from prewatt_fixtures.wire import rtu
from prewatt_fixtures.wire.pdu import read_holding, reply_fits
from prewatt_simulator.farm import Farm
from prewatt_simulator.line.memory import MemoryNetwork

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY_S = 86_400
MONTH_DAYS = 30
PASS_S = 1_800
SHOWN = 12
BILLING = {
    "ADW300/CLR": read_holding(0x003C, 6),
    "DTSD1352-C": read_holding(0x0000, 20),
    "DTSY1352-NK/F": read_holding(0x0215, 19),
    "DDSY1352-NK/F": read_holding(0x0215, 19),
}
"""What a platform asks each model for: energy, and where there is money, credit, purchase count and status too."""


async def poll(network: MemoryNetwork, endpoint: Endpoint, meters: list[SiteMeter], days: float) -> int:
    """Read the meters of a bus again and again; how many replies were good."""
    loop = asyncio.get_running_loop()
    connection = await network.connect(endpoint.host, endpoint.tcp)
    requests = [
        (BILLING[meter.model], rtu.encode(meter.bus_address, BILLING[meter.model])) for meter in meters
    ]
    good = 0
    for begins_s in range(0, round(days * DAY_S), PASS_S):
        await asyncio.sleep(begins_s - loop.time())
        for asked, frame in requests:
            await connection.write(frame)
            good += reply_fits(asked, (await connection.read())[1:-2])
    return good


async def tell(days: float) -> None:
    """A word on standard error for every simulated month."""
    began_s = time.perf_counter()
    for day in range(MONTH_DAYS, round(days), MONTH_DAYS):
        await asyncio.sleep(MONTH_DAYS * DAY_S)
        print(f"day {day} after {time.perf_counter() - began_s:.0f} s", file=sys.stderr)


async def live(days: float) -> tuple[int, int]:
    """(Reads, how many of them were answered well)."""
    site = load_site("mingde")
    farm = Farm(site, clock=VirtualClock(asyncio.get_running_loop(), START), wire_timing=True)
    async with farm.in_memory() as network:
        tasks = []
        for endpoint in network.endpoints:
            meters = [m for m in site.by_port[endpoint.gateway, endpoint.port] if m.model in BILLING]
            tasks.append(poll(network, endpoint, meters, days))
        *goods, _ = await asyncio.gather(*tasks, tell(days))
    reads = sum(meter.model in BILLING for meter in site.meters) * round(days * DAY_S) // PASS_S
    return reads, sum(good for good in goods if good is not None)


def measure(quick: bool) -> list[Verdict]:
    """Print days per second and where the time goes; it has no goal but that every reply is good."""
    days = 7 if quick else 365
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        began_s = time.perf_counter()
        reads, good = runner.run(live(days))
        took_s = time.perf_counter() - began_s
    print(
        f"{days} days of mingde, {reads:,} reads on copper: {took_s:.1f} s, {days / took_s:.2f} days/s,"
        f" {took_s / reads * 1e6:.0f} us a read\nwhere the time goes, one day under the profiler:"
    )
    show_profile(1)
    return [Verdict("simulated days: share of reads answered well", good / reads, "at least", 1)]


def show_profile(days: float) -> None:
    """Where the time goes, by function."""
    profile = cProfile.Profile()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        profile.runcall(runner.run, live(days))
    told = io.StringIO()
    pstats.Stats(profile, stream=told).strip_dirs().sort_stats("tottime").print_stats(SHOWN)
    print("\n".join(line for line in told.getvalue().splitlines() if line.strip()))
