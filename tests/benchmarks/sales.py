"""How many sales end each second, beside the rows that the same database commits one by one.

A sale is counted when its meter has the credit and the ledger says so: reserved, planned, sent, read back, applied, each
step in a durable commit of its own, with its audit rows. Farm and platform share a process over an in-memory network,
so that the wire costs next to nothing.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
from benchmarks.verdict import Verdict

from prewatt_fixtures.clock import RealClock
from prewatt_fixtures.site import parse_site
from prewatt_platform.accounts.sales import SalesService
from prewatt_platform.accounts.service import AccountService, OpeningTerms
from prewatt_platform.app import Platform
from prewatt_platform.control.models import CommandState
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.kernel import migrate
from prewatt_platform.kernel.connections import connect
from prewatt_platform.kernel.postgres import EmbeddedPostgres
from prewatt_platform.kernel.settings import Settings
from prewatt_platform.kernel.tenancy import Actor, Scope
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.onboarding import import_site
from prewatt_simulator.farm import Farm
from prewatt_simulator.generate import site_text

PARALLEL = 16
WINDOW_S = 10.0
METERS = 200
SHARE_MIN = 0.25
"""Sales for each one-row commit of the database."""

_SCOPE = Scope(1, Actor(uuid.UUID(int=1), "bench"))


def measure(quick: bool) -> list[Verdict]:
    """Sales and one-row commits, `PARALLEL` at a time, in one run against one durable database."""
    window_s = WINDOW_S / 5 if quick else WINDOW_S
    with EmbeddedPostgres() as url:
        return asyncio.run(_measure(url, window_s))


async def _measure(url: str, window_s: float) -> list[Verdict]:
    await migrate.upgrade(url)
    commits = await _commits_per_s(url, window_s)
    site = parse_site(site_text(METERS, 1), "generated")
    clock = RealClock()
    farm = Farm(site, clock=clock, seed=1)
    async with farm.in_memory() as network:
        settings = Settings(database_connections_max=PARALLEL + 4)
        platform = Platform(url, settings, clock=clock, connect=network.connect)
        try:
            await import_site(platform.database, site, network.endpoints)
            await platform.start("collector")
            numbers = [meter.number for meter in site.meters if meter.prepaid][: 4 * PARALLEL]
            await _open(platform, numbers)
            cpu_s = time.process_time()
            sales = await _rate(lambda worker: _sell(platform, numbers[worker::PARALLEL]), window_s)
            cpu_s = time.process_time() - cpu_s
        finally:
            await platform.stop()
    again = await _commits_per_s(url, window_s)
    base = (commits + again) / 2
    print(
        f"{PARALLEL} at a time: {sales:.1f} sales/s, {1000 * cpu_s / (sales * window_s):.1f} ms of this process each; "
        f"one-row commits {commits:.0f}/s before, {again:.0f}/s after",
        flush=True,
    )
    return [
        Verdict(f"sales beside one-row commits, {PARALLEL} at a time", sales / base, "at least", SHARE_MIN)
    ]


async def _rate(work: Callable[[int], Awaitable[Callable[[], Awaitable[None]]]], window_s: float) -> float:
    """Runs a second of `PARALLEL` workers' rounds inside the window; a round that ends behind it does not count."""
    rounds = [await work(worker) for worker in range(PARALLEL)]
    began = time.perf_counter()
    done = 0

    async def repeat(once: Callable[[], Awaitable[None]]) -> None:
        nonlocal done
        while time.perf_counter() - began < window_s:
            await once()
            done += time.perf_counter() - began < window_s

    await asyncio.gather(*(repeat(once) for once in rounds))
    return done / window_s


async def _commits_per_s(url: str, window_s: float) -> float:
    pool: list[asyncpg.Connection] = [await connect(url) for _ in range(PARALLEL)]
    await pool[0].execute("CREATE TABLE IF NOT EXISTS one_row (id uuid PRIMARY KEY, amount bigint NOT NULL)")

    async def worker(number: int) -> Callable[[], Awaitable[None]]:
        async def once() -> None:
            await pool[number].execute("INSERT INTO one_row VALUES ($1, $2)", uuid.uuid4(), 1)

        return once

    try:
        return await _rate(worker, window_s)
    finally:
        await pool[0].execute("DROP TABLE one_row")
        for connection in pool:
            await connection.close()


async def _open(platform: Platform, numbers: Sequence[str]) -> None:
    for number in numbers:
        async with platform.database.project(_SCOPE) as work:
            meter = await MeterRepository(work).by_number(number)
            assert meter is not None
            if meter.epoch:
                continue
            command, _ = await AccountService(work).open(uuid.uuid4(), number, OpeningTerms("Shop"))
        await _ended(platform, command.id, CommandState.SUCCEEDED)


async def _sell(platform: Platform, numbers: Sequence[str]) -> Callable[[], Awaitable[None]]:
    turn = 0

    async def once() -> None:
        nonlocal turn
        turn += 1
        async with platform.database.project(_SCOPE) as work:
            command, _ = await SalesService(work).sell(uuid.uuid4(), numbers[turn % len(numbers)], 100)
        await _ended(platform, command.id, CommandState.APPLIED)

    return once


async def _ended(platform: Platform, command_id: uuid.UUID, end: CommandState) -> None:
    """Looks when the platform says that the command moved, as a subscription does, and once a second."""
    async with platform.backbone.listening(1, "command") as events:
        while True:
            async with platform.database.project(_SCOPE) as work:
                command = await CommandRepository(work).by_id(command_id)
            assert command is not None
            if command.final:
                assert command.state == end, f"{command.state}: {command.detail}"
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    while (await events.get()).subject != command_id:
                        pass
