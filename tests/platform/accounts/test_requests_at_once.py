"""Sales, grants, fees and cancellations at the same time: each ends, and nothing is lost or doubled."""

import asyncio
import random
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import col, select

from prewatt_platform.accounts.errors import NotCancellable
from prewatt_platform.accounts.models import Order
from prewatt_platform.accounts.repository import OrderRepository, PolicyRepository
from prewatt_platform.accounts.sales import SalesService
from prewatt_platform.charges.models import Basis
from prewatt_platform.charges.service import ChargeRow, ChargeService, ChargeTerms, ShareTerms
from prewatt_platform.control.errors import CommandChanged
from prewatt_platform.control.models import Command
from prewatt_platform.grants.models import GrantKind
from prewatt_platform.grants.service import GrantRow, GrantService, GrantTerms
from prewatt_platform.kernel.errors import PlatformError
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.reconciliation.service import verify

pytestmark = pytest.mark.anyio

METERS = ["0000010201", "0000010203", "000001010A", "000001010B"]
SUBSIDY = GrantTerms(GrantKind.SUBSIDY, "heat", None, "agreed")
LIFT = ChargeTerms("lift", "agreed", ShareTerms(1000, Basis.EQUAL))


async def _ask(work: Work, chance: random.Random, kind: str) -> None:
    if kind == "sale":
        await SalesService(work).sell(uuid4(), chance.choice(METERS), 1000)
    elif kind == "grant":
        rows = [GrantRow(number, 100) for number in chance.sample(METERS, 3)]
        await GrantService(work).grant(uuid4(), SUBSIDY, rows, skip_refused=True)
    elif kind == "charge":
        sharing = [ChargeRow(number) for number in chance.sample(METERS, 3)]
        await ChargeService(work).charge(uuid4(), "shareCreate", LIFT, sharing)
    else:
        waiting = select(Order).join(Command, col(Command.id) == Order.command_id)
        for order in (await work.session.execute(waiting.where(Command.state == "RESERVED"))).scalars():
            await SalesService(work).cancel(uuid4(), order.receipt_number, None)
            return


async def test_none_waits_for_another_in_a_circle(open_deployment: Any) -> None:
    """A deadlock would be an error of the database, which fails the test."""
    deployment = await open_deployment("tiny")
    async with deployment.database.project(deployment.scope) as work:
        policy = await PolicyRepository(work).policy(for_update=True)
        policy.owed_share_e4, policy.property_share_e4, policy.fee_fixed_fen = 5000, 100, 3
    chance, done = random.Random(1), Counter[str]()

    async def ask() -> None:
        kind = chance.choice(["sale", "sale", "grant", "charge", "cancel"])
        try:
            async with deployment.database.project(deployment.scope) as work:
                await _ask(work, chance, kind)
        except PlatformError:
            return
        done[kind] += 1

    for _ in range(20):
        await asyncio.gather(*(ask() for _ in range(8)))
    assert set(done) == {"sale", "grant", "charge", "cancel"}
    async with deployment.database.snapshot(deployment.scope) as work:
        wrong = [found for outcome in await verify(work) for found in outcome.first]
    assert wrong == []


async def test_an_order_is_cancelled_once(open_deployment: Any) -> None:
    deployment = await open_deployment("tiny")
    async with deployment.database.project(deployment.scope) as work:
        command, _ = await SalesService(work).sell(uuid4(), METERS[0], 1000)
        order = await OrderRepository(work).by_command(command.id)
    assert order is not None

    async def cancel() -> str:
        try:
            async with deployment.database.project(deployment.scope) as work:
                await SalesService(work).cancel(uuid4(), order.receipt_number, None)
        except (CommandChanged, NotCancellable) as refused:
            return type(refused).__name__
        return "cancelled"

    ends = Counter(await asyncio.gather(*(cancel() for _ in range(6))))
    assert ends["cancelled"] == 1
    assert ends.total() == 6
