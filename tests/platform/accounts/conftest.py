"""A shop: one opened meter of site `tiny`, its farm and a platform, and what a sale left behind."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from prewatt_fixtures.clock import ScaledClock
from prewatt_fixtures.wire.pdu import VENDOR
from prewatt_platform.accounts.models import Sale
from prewatt_platform.accounts.repository import SaleRepository
from prewatt_platform.accounts.service import AccountService
from prewatt_platform.app import ServeRole
from prewatt_platform.control.models import Command
from prewatt_platform.kernel.settings import Settings
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKind
from prewatt_platform.metering.models import Meter, Point
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.metering.service import MeteringService

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

    @property
    def meter(self) -> Any:
        """The simulated meter itself."""
        return self.deployment.farm.meter(self.number)

    async def sell(self, amount_fen: int, key: uuid.UUID | None = None) -> Command:
        async with self.deployment.database.project(self.deployment.scope) as work:
            command, _ = await AccountService(work).sell(key or uuid.uuid4(), self.number, amount_fen)
        return command

    async def row(self) -> Meter:
        async with self.deployment.database.project(self.deployment.scope) as work:
            meter = await MeterRepository(work).by_number(self.number)
        assert meter is not None
        return meter

    async def point(self) -> Point:
        meter = await self.row()
        async with self.deployment.database.project(self.deployment.scope) as work:
            return await MeterRepository(work).point(meter.point_id)

    async def sale(self, command: Command) -> Sale:
        async with self.deployment.database.project(self.deployment.scope) as work:
            sale = await SaleRepository(work).by_command(command.id)
        assert sale is not None
        return sale

    async def ledger_fen(self, kind: AccountKind, owner: object) -> int:
        async with self.deployment.database.project(self.deployment.scope) as work:
            return await LedgerRepository(work).balance_fen(kind, str(owner))

    async def delivered_fen(self) -> int:
        return await self.ledger_fen(AccountKind.DELIVERED, (await self.row()).point_id)

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
def open_shop(open_deployment: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Shop]]:
    """Shops, each built by a call; `work` None starts no dispatcher."""

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
        return Shop(opened, number)

    return build


@pytest.fixture
def hurried() -> ScaledClock:
    """A clock on which waiting for the next attempt (10 s, 1 min, …) takes a hundredth of it."""
    return ScaledClock(datetime(2026, 1, 5, 4, tzinfo=UTC), speed=100)
