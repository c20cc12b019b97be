"""How long an ambiguous order stays open once its meter can be reached again: farm and platform on virtual time.

Site `tiny`, real PostgreSQL. Frames are lost and late all the time, and meters or a whole gateway are dead for a while.
For each order that an outage kept open, the time from the end of the outage to the end of the order counts.
"""

import asyncio
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from prewatt_fixtures.site import load_site
from prewatt_fixtures.virtual import VirtualClock, VirtualLoop
from prewatt_platform.accounts.errors import OrderOpen
from prewatt_platform.accounts.sales import SalesService
from prewatt_platform.accounts.service import AccountService, OpeningTerms
from prewatt_platform.app import Platform
from prewatt_platform.control.models import CommandState
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.kernel.settings import Settings
from prewatt_platform.kernel.tenancy import Actor, Scope
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.onboarding import import_site
from prewatt_simulator.farm import Farm
from prewatt_simulator.faults import Fault

START = datetime(2026, 1, 5, 4, tzinfo=UTC)
METERS = ("0000010201", "0000010203", "000001010A", "0000020101")
LOSS = (
    Fault(kind="lose-reply", probability=0.15),
    Fault(kind="lose-request", probability=0.1),
    Fault(kind="delay-reply", delay_s=0.7, probability=0.05),
)
"""30 % of all exchanges fail."""
OUTAGE_S = (5.0, 1200.0)
BETWEEN_S = (10.0, 120.0)
OUTAGE_SHARE = 0.5
"""How many of the sales find their meter or its gateway dead after they were asked for."""


@dataclass
class Outcome:
    """Seconds until orders ended, and what became of them."""

    after_outage_s: list[float] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    """Sales that were refused because an order was open."""
    virtual_s: float = 0.0
    doubled: int = 0
    """Meters whose count does not equal the number of applied orders."""

    def percentile_s(self, percent: int) -> float:
        """The time within which so many percent of the orders ended; 0 without any."""
        ordered = sorted(self.after_outage_s)
        return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] if ordered else 0.0


def run(database_url: str, seed: int, sales: int, outage_s: tuple[float, float] = OUTAGE_S) -> Outcome:
    """Sell at random on four opened meters under loss and outages; `outage_s`: shortest and longest."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_run(database_url, seed, sales, outage_s))


async def _run(database_url: str, seed: int, sales: int, outage_s: tuple[float, float]) -> Outcome:
    rng = random.Random(seed)
    clock = VirtualClock(asyncio.get_running_loop(), START)
    farm = Farm(load_site("tiny"), clock=clock, seed=seed)
    async with farm.in_memory() as network:
        platform = Platform(
            database_url,
            Settings(read_timeout_s=0.4, read_retries=1, database_connections_max=4, tick_s=2),
            clock=clock,
            connect=network.connect,
        )
        try:
            await import_site(platform.database, load_site("tiny"), network.endpoints)
            await platform.start("collector")
            return await _Campaign(farm, platform, clock, rng, outage_s).run(sales)
        finally:
            await platform.stop()


class _Campaign:
    def __init__(
        self,
        farm: Farm,
        platform: Platform,
        clock: VirtualClock,
        rng: random.Random,
        outage_s: tuple[float, float],
    ) -> None:
        self._farm, self._platform, self._clock, self._rng = farm, platform, clock, rng
        self._outage_s = outage_s
        self._scope = Scope(1, Actor(uuid.UUID(int=1), "campaign"))
        self._orders: list[uuid.UUID] = []
        self._outcome = Outcome()

    async def run(self, sales: int) -> Outcome:
        await self._open_accounts()
        before = {number: self._farm.meter(number).purchase_count for number in METERS}
        for fault in LOSS:
            self._farm.faults.add(fault)
        for _ in range(sales):
            await self._sell(self._rng.choice(METERS))
            await self._clock.sleep(self._rng.uniform(*BETWEEN_S))
        await self._all_ended()
        await self._judge(before)
        self._outcome.virtual_s = (self._clock.now() - START).total_seconds()
        return self._outcome

    async def _open_accounts(self) -> None:
        for number in METERS:
            async with self._platform.database.project(self._scope) as work:
                meter = await MeterRepository(work).by_number(number)
                assert meter is not None
                if meter.epoch:
                    continue
                command, _ = await AccountService(work).open(self._key(), number, OpeningTerms("Shop"))
            self._orders.append(command.id)
        await self._all_ended()
        self._orders.clear()

    async def _sell(self, number: str) -> None:
        try:
            async with self._platform.database.project(self._scope) as work:
                command, _ = await SalesService(work).sell(self._key(), number, self._rng.randint(1, 5000))
        except OrderOpen:
            self._outcome.refused += 1
            return
        self._orders.append(command.id)
        if self._rng.random() < OUTAGE_SHARE:
            await self._outage(number, command.id)

    async def _outage(self, number: str, order: uuid.UUID) -> None:
        await self._clock.sleep(self._rng.uniform(0, 1))
        dead = self._rng.choice(
            [Fault(kind="dead-meter", meter=number), Fault(kind="dead-gateway", gateway=number[:6])]
        )
        handle = self._farm.faults.add(dead)
        await self._clock.sleep(self._rng.uniform(*self._outage_s))
        self._farm.faults.remove(handle)
        reachable_at = self._clock.now()
        # no other outage begins before the order has ended: it would be counted in
        await self._all_ended()
        async with self._platform.database.project(self._scope) as work:
            command = await CommandRepository(work).by_id(order)
        assert command is not None
        if command.updated_at > reachable_at:
            self._outcome.after_outage_s.append((command.updated_at - reachable_at).total_seconds())

    async def _all_ended(self) -> None:
        async with asyncio.timeout(86400):
            while True:
                async with self._platform.database.project(self._scope) as work:
                    commands = await CommandRepository(work).by_ids(self._orders)
                if all(command.final for command in commands):
                    return
                await self._clock.sleep(1)

    async def _judge(self, before: dict[str, int]) -> None:
        async with self._platform.database.project(self._scope) as work:
            commands = await CommandRepository(work).by_ids(self._orders)
            numbers = {meter.id: meter.number for meter in await MeterRepository(work).all()}
        for command in commands:
            states = self._outcome.states
            states[command.state] = states.get(command.state, 0) + 1
        for number in METERS:
            applied = sum(
                command.state == CommandState.APPLIED
                for command in commands
                if numbers[command.meter_id] == number
            )
            self._outcome.doubled += self._farm.meter(number).purchase_count - before[number] != applied

    def _key(self) -> uuid.UUID:
        return uuid.UUID(int=self._rng.getrandbits(128), version=4)


def report(outcomes: Sequence[Outcome]) -> str:
    """The figures of several runs in words."""
    whole = Outcome()
    for outcome in outcomes:
        whole.after_outage_s += outcome.after_outage_s
        whole.refused += outcome.refused
        whole.doubled += outcome.doubled
        whole.virtual_s += outcome.virtual_s
        for state, count in outcome.states.items():
            whole.states[state] = whole.states.get(state, 0) + count
    return (
        f"{sum(whole.states.values())} orders in {timedelta(seconds=round(whole.virtual_s))} of virtual time: "
        f"{whole.states}; {len(whole.after_outage_s)} were open when their meter could be reached again and ended "
        f"within p50 {whole.percentile_s(50):.1f} s, p95 {whole.percentile_s(95):.1f} s, "
        f"p99 {whole.percentile_s(99):.1f} s, at most {max(whole.after_outage_s, default=0):.1f} s; "
        f"{whole.refused} sales refused because an order was open; {whole.doubled} meters disagree"
    )
