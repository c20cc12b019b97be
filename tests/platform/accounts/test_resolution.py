"""A person's way out of a disputed order and of a hold: with a reason, by registers of now, once."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlmodel import select

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.wire.pdu import READ_HOLDING, write_multiple
from prewatt_fixtures.wire.vendor import MoneyControl, TopUp, encode_request
from prewatt_platform.accounts.errors import (
    MeterOnHold,
    NoFreshReading,
    NotDisputed,
    NotOnHold,
    OrderDisputed,
    OrderOpen,
    UnknownOrder,
)
from prewatt_platform.accounts.repository import AccountRepository
from prewatt_platform.accounts.resolution import ResolutionService
from prewatt_platform.accounts.service import AccountService, OpeningTerms
from prewatt_platform.control.errors import IdempotencyMismatch, ReasonMissing
from prewatt_platform.control.models import Command
from prewatt_platform.control.service import ControlService
from prewatt_platform.kernel.audit import AuditEvent
from prewatt_platform.ledger.rules import AccountKind
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.reconciliation.service import verify
from prewatt_simulator.faults import Fault

from .conftest import UNOPENED, Shop

pytestmark = pytest.mark.anyio
OpenShop = Callable[..., Awaitable[Shop]]


async def refresh(shop: Shop) -> None:
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        command = await ControlService(work).refresh(shop.number)
    assert (await shop.deployment.ended(command.id)).state == "SUCCEEDED"


async def resolve(
    shop: Shop, order: uuid.UUID, *, delivered: bool, reason: str = "seen at the meter", key: Any = None
) -> Command:
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        command, _ = await ResolutionService(work).resolve(
            key or uuid.uuid4(), order, reason, delivered=delivered
        )
    assert command is not None
    return command


async def confirm(shop: Shop, reason: str = "seen at the meter", key: Any = None) -> Command:
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        command, _ = await ResolutionService(work).confirm_epoch(key or uuid.uuid4(), shop.number, reason)
    assert command is not None
    return command


async def assert_clean(shop: Shop) -> None:
    async with shop.deployment.database.snapshot(shop.deployment.scope) as work:
        wrong = [finding for outcome in await verify(work) for finding in outcome.first]
    assert wrong == []


@pytest.fixture
async def disputed(open_shop: OpenShop) -> tuple[Shop, uuid.UUID]:
    """A meter that refuses the money: above its hoarding limit."""
    shop = await open_shop()
    await shop.deployment.ended((await shop.sell(100)).id)
    limit = shop.meter.profile.register(Measurement.HOARDING_LIMIT)
    shop.exchange(write_multiple(limit.address, (6000).to_bytes(4, "big")))
    command = await shop.deployment.ended((await shop.sell(5000)).id)
    assert command.state == "DISPUTED"
    return shop, command.id


async def test_not_delivered_the_money_goes_back_and_the_meter_is_free_again(
    disputed: tuple[Shop, uuid.UUID],
) -> None:
    shop, order = disputed
    await refresh(shop)
    assert (await resolve(shop, order, delivered=False)).state == "VOIDED"
    assert await shop.ledger_fen(AccountKind.PENDING, order) == 0
    with pytest.raises(MeterOnHold):
        await shop.sell(100)
    assert (await confirm(shop)).state == "SUCCEEDED"
    done = await shop.deployment.ended((await shop.sell(100)).id)
    assert done.state == "APPLIED"
    await refresh(shop)
    await assert_clean(shop)


async def test_delivered_the_ledger_has_it(disputed: tuple[Shop, uuid.UUID]) -> None:
    """The technician keyed the money in by hand: as card, with the next count."""
    shop, order = disputed
    limit = shop.meter.profile.register(Measurement.HOARDING_LIMIT)
    shop.exchange(write_multiple(limit.address, bytes(4)))
    shop.exchange(encode_request(TopUp(5000, shop.meter.purchase_count + 1)))
    await refresh(shop)
    delivered_before = await shop.delivered_fen()
    assert (await resolve(shop, order, delivered=True)).state == "APPLIED"
    assert await shop.delivered_fen() == delivered_before + 5000
    await confirm(shop)
    assert await shop.delivered_fen() == shop.meter.total_purchased_fen
    await assert_clean(shop)


async def test_a_counter_moved_by_others_is_accepted_and_the_ledger_adjusted(open_shop: OpenShop) -> None:
    shop = await open_shop()
    await shop.deployment.ended((await shop.sell(100)).id)
    shop.exchange(encode_request(TopUp(777, shop.meter.purchase_count + 1)))
    assert (await shop.deployment.ended((await shop.sell(5000)).id)).state == "VOIDED"
    await refresh(shop)
    await confirm(shop, "a card of the old system")
    assert await shop.delivered_fen() == shop.meter.total_purchased_fen
    assert (await shop.deployment.ended((await shop.sell(5000)).id)).state == "APPLIED"
    await refresh(shop)
    await assert_clean(shop)
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        events = await work.session.execute(
            select(AuditEvent).where(AuditEvent.action == "meter epoch confirmed")
        )
        (event,) = events.scalars()
    assert event.detail["reason"] == "a card of the old system"
    assert event.detail["adjusted_fen"] == 777
    assert "without us" in event.detail["hold"]
    assert event.detail["shown"]["purchase_count"] == shop.meter.purchase_count - 1


async def test_what_is_refused_changes_nothing(disputed: tuple[Shop, uuid.UUID]) -> None:
    shop, order = disputed
    with pytest.raises(NoFreshReading):
        # the latest reading is from before the dispute
        await resolve(shop, order, delivered=False)
    await refresh(shop)
    with pytest.raises(OrderDisputed):
        await confirm(shop)
    for reason in ("", "   ", "x" * 501):
        with pytest.raises(ReasonMissing):
            await resolve(shop, order, delivered=False, reason=reason)
    with pytest.raises(UnknownOrder):
        await resolve(shop, uuid.uuid4(), delivered=False)
    assert await shop.ledger_fen(AccountKind.PENDING, order) == 5000
    assert (await shop.row()).hold_reason is not None


async def test_decided_once(disputed: tuple[Shop, uuid.UUID]) -> None:
    shop, order = disputed
    await refresh(shop)
    key = uuid.uuid4()
    first = await resolve(shop, order, delivered=False, key=key)
    assert (await resolve(shop, order, delivered=False, key=key)).id == first.id
    with pytest.raises(IdempotencyMismatch):
        await resolve(shop, order, delivered=True, key=key)
    with pytest.raises(NotDisputed):
        await resolve(shop, order, delivered=True)
    await confirm(shop)
    with pytest.raises(NotOnHold):
        await confirm(shop)


async def test_an_old_reading_is_no_evidence(disputed: tuple[Shop, uuid.UUID]) -> None:
    shop, order = disputed
    await refresh(shop)
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        from sqlalchemy import text

        # eleven minutes later
        await work.session.execute(
            text("UPDATE commands SET updated_at = updated_at - interval '11 minutes'")
        )
        await work.session.execute(
            text("UPDATE meter_states SET reading_at = reading_at - interval '11 minutes'")
        )
    with pytest.raises(NoFreshReading):
        await resolve(shop, order, delivered=False)


async def test_a_disputed_opening_ends_as_not_delivered_and_the_meter_is_opened_anew(
    open_shop: OpenShop,
) -> None:
    shop = await open_shop(UNOPENED)
    # the meter takes the frame, and a card changes it before it is read back
    shop.deployment.farm.faults.add(
        Fault(kind="foreign-top-up", meter=UNOPENED, amount_fen=777, function=READ_HOLDING, skip=4)
    )
    command = await _open(shop)
    assert (await shop.deployment.ended(command.id)).state == "DISPUTED"
    shop.deployment.farm.faults.clear()
    await refresh(shop)
    with pytest.raises(NotDisputed):
        await resolve(shop, command.id, delivered=True)
    assert (await resolve(shop, command.id, delivered=False)).state == "FAILED"
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        held = await AccountRepository(work).by_id(uuid.UUID(command.payload["account"]))
    assert held is not None
    assert held.account.state == "CLOSED"
    await confirm(shop)
    # a technician switches money control off, or the opening would wipe the credit
    shop.exchange(encode_request(MoneyControl(on=False)))
    assert (await shop.deployment.ended((await _open(shop)).id)).state == "SUCCEEDED"


async def _open(shop: Shop) -> Command:
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        command, _ = await AccountService(work).open(uuid.uuid4(), shop.number, OpeningTerms("Shop"))
    return command


async def test_no_epoch_is_confirmed_while_an_order_is_under_way(open_shop: OpenShop) -> None:
    shop = await open_shop(work=None)
    await shop.sell(100)
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        await MeterRepository(work).hold((await shop.row()).id, "its counter fell")
    with pytest.raises(OrderOpen):
        await confirm(shop)
