"""A shop: one opened meter of site `tiny`, its farm and a platform, and what a sale left behind."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from prewatt_fixtures.clock import ScaledClock
from prewatt_fixtures.wire.pdu import VENDOR
from prewatt_platform.accounts.models import Order
from prewatt_platform.accounts.refunds import RefundService
from prewatt_platform.accounts.repository import OrderRepository, PolicyRepository
from prewatt_platform.accounts.sales import SalesService
from prewatt_platform.app import Platform, ServeRole
from prewatt_platform.control.models import Command
from prewatt_platform.control.service import ControlService
from prewatt_platform.kernel.settings import Settings
from prewatt_platform.kernel.tenancy import Actor, Scope
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKind
from prewatt_platform.metering.models import Meter, Point
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.metering.service import MeteringService
from prewatt_platform.reconciliation.service import verify

OPENED = "0000010201"
"""A meter of site `tiny` that comes opened."""
UNOPENED = "0000010202"

DAY_S = 86400

QUICK = Settings(read_timeout_s=0.4, read_retries=0)


@dataclass
class Shop:
    """One meter to sell to."""

    deployment: Any
    number: str
    closing: AsyncExitStack

    @property
    def meter(self) -> Any:
        """The simulated meter itself."""
        return self.deployment.farm.meter(self.number)

    async def sell(self, amount_fen: int, key: uuid.UUID | None = None) -> Command:
        async with self.deployment.database.project(self.deployment.scope) as work:
            command, _ = await SalesService(work).sell(key or uuid.uuid4(), self.number, amount_fen)
        return command

    async def refund(
        self, amount_fen: int, key: uuid.UUID | None = None, *, reason: str = "moves out", scope: Any = None
    ) -> Command | None:
        async with self.deployment.database.project(scope or self.deployment.scope) as work:
            command, _ = await RefundService(work).refund(
                key or uuid.uuid4(), self.number, amount_fen, reason
            )
        return command

    async def refunded(self, amount_fen: int) -> Command:
        """A refund once it is final."""
        command = await self.refund(amount_fen)
        assert command is not None
        return await self.ended(command)

    async def reverse(self, sale: Command, key: uuid.UUID | None = None, reason: str = "mistyped") -> Command:
        receipt = (await self.sale(sale)).receipt_number
        async with self.deployment.database.project(self.deployment.scope) as work:
            command, _ = await RefundService(work).reverse(key or uuid.uuid4(), receipt, reason)
        return command

    async def ended(self, command: Command) -> Command:
        found: Command = await self.deployment.ended(command.id)
        return found

    async def sold(self, amount_fen: int) -> Command:
        """A sale that reached the meter."""
        command = await self.ended(await self.sell(amount_fen))
        assert command.state == "APPLIED", command.detail
        return command

    async def policy(self, **rules: Any) -> None:
        """Set some rules of selling; the others keep their defaults."""
        async with self.deployment.database.project(self.deployment.scope) as work:
            policy = await PolicyRepository(work).policy(for_update=True)
            for name, value in rules.items():
                setattr(policy, name, value)

    def colleague(self) -> Scope:
        """Another operator of the project."""
        return Scope(self.deployment.scope.project_id, Actor(uuid.uuid4(), "colleague"))

    async def row(self) -> Meter:
        async with self.deployment.database.project(self.deployment.scope) as work:
            meter = await MeterRepository(work).by_number(self.number)
        assert meter is not None
        return meter

    async def point(self) -> Point:
        meter = await self.row()
        async with self.deployment.database.project(self.deployment.scope) as work:
            return await MeterRepository(work).point(meter.point_id)

    async def sale(self, command: Command) -> Order:
        async with self.deployment.database.project(self.deployment.scope) as work:
            sale = await OrderRepository(work).by_command(command.id)
        assert sale is not None
        return sale

    async def ledger_fen(self, kind: AccountKind, owner: object) -> int:
        async with self.deployment.database.project(self.deployment.scope) as work:
            return await LedgerRepository(work).balance_fen(kind, str(owner))

    async def delivered_fen(self) -> int:
        return await self.ledger_fen(AccountKind.DELIVERED, (await self.row()).point_id)

    async def refresh(self) -> None:
        async with self.deployment.database.project(self.deployment.scope) as work:
            command = await ControlService(work).refresh(self.number)
        assert (await self.ended(command)).state == "SUCCEEDED"

    async def assert_clean(self) -> None:
        """After a fresh reading, ledger, orders and the meter's registers agree."""
        await self.refresh()
        async with self.deployment.database.snapshot(self.deployment.scope) as work:
            wrong = [finding for outcome in await verify(work) for finding in outcome.first]
        assert wrong == []

    async def restart(self) -> None:
        """The platform's process again, after `platform.stop()`; the fixture stops it."""
        stopped = self.deployment.platform
        self.deployment.platform = Platform(stopped.database.url, stopped.settings, clock=stopped.clock)
        self.closing.push_async_callback(self.deployment.platform.stop)
        await self.deployment.platform.start("collector")

    def top_ups(self) -> list[bytes]:
        """The top-up frames that reached the bus of this meter, as they came."""
        return [
            entry.request
            for entry in self.deployment.farm.journal.requests(meter=self.number, function=VENDOR)
        ]

    def exchange(self, pdu: bytes) -> None:
        """Speak to the meter directly, as a card or a hand-held device does."""
        bus = self.deployment.farm.bus(self.number[:6], int(self.number[6:8]))
        bus.exchange(int(self.number[8:], 16), pdu, self.deployment.farm.clock.time())


async def _all_tried(deployment: Any) -> bool:
    """Whether the schedule is through with every meter; on a busy machine some may not have answered in time."""
    async with deployment.database.project(deployment.scope) as work:
        return all(row.state.tried_at is not None for row in await MeterRepository(work).schedule())


@pytest.fixture
async def open_shop(
    open_deployment: Callable[..., Awaitable[Any]],
) -> AsyncIterator[Callable[..., Awaitable[Shop]]]:
    """Shops, each built by a call; `work` None starts no dispatcher."""
    closing = AsyncExitStack()

    async def build(
        number: str = OPENED,
        *,
        work: ServeRole | None = "collector",
        settings: Settings = QUICK,
        **deployment: Any,
    ) -> Shop:
        opened = await open_deployment("tiny", settings=settings, **deployment)
        async with opened.database.project(opened.scope) as unit:
            # one poll at the start and none later: faults that count frames count the order's
            await MeteringService(unit).set_reading_interval(None, DAY_S)
        if work is not None:
            await opened.platform.start(work)
            if deployment.get("known", True):
                await opened.until(lambda: _all_tried(opened))
        return Shop(opened, number, closing)

    async with closing:
        yield build


@pytest.fixture
def hurried() -> ScaledClock:
    """A clock on which waiting for the next attempt (10 s, 1 min, …) takes a hundredth of it."""
    return ScaledClock(datetime(2026, 1, 5, 4, tzinfo=UTC), speed=100)


@pytest.fixture
async def shop(open_shop: Callable[..., Awaitable[Shop]]) -> Shop:
    """One shop for all the examples of a test: each example is one more order to its meter.

    An hour is two seconds, because an order that fails often waits long; polls run beside it.
    """
    clock = ScaledClock(datetime(2026, 1, 5, 4, tzinfo=UTC), speed=1800)
    shop = await open_shop(clock=clock, settings=QUICK.model_copy(update={"tick_s": 60.0}))
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        await MeteringService(work).set_reading_interval(None, 1800)
    return shop
