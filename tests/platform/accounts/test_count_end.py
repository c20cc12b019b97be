"""A purchase count near its end: the last counts are sold, the next one is refused, and a wrap is a new epoch."""

import uuid
from collections.abc import Awaitable, Callable

import pytest

from prewatt_fixtures.wire.vendor import MoneyControl, encode_request
from prewatt_platform.accounts.resolution import ResolutionService
from prewatt_platform.accounts.rules import COUNT_MAX
from prewatt_platform.ledger.rules import AccountKind
from prewatt_simulator.faults import Fault

from .conftest import Shop

pytestmark = pytest.mark.anyio


async def confirm_epoch(shop: Shop) -> None:
    await shop.refresh()
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        await ResolutionService(work).confirm_epoch(uuid.uuid4(), shop.number, "seen at the meter")


async def ended(shop: Shop) -> str:
    return str((await shop.deployment.ended((await shop.sell(100)).id)).state)


async def test_at_its_end_nothing_is_sent_and_a_wrap_is_a_new_epoch(
    open_shop: Callable[..., Awaitable[Shop]],
) -> None:
    shop = await open_shop()
    assert await ended(shop) == "APPLIED"
    shop.exchange(encode_request(MoneyControl(purchase_count=COUNT_MAX - 2)))
    assert await ended(shop) == "VOIDED", "the count moved without us"
    await confirm_epoch(shop)
    assert [await ended(shop), await ended(shop)] == ["APPLIED", "APPLIED"]
    assert shop.meter.purchase_count == COUNT_MAX

    sent = len(shop.top_ups())
    refused = await shop.deployment.ended((await shop.sell(100)).id)
    assert (refused.state, len(shop.top_ups())) == ("VOIDED", sent)
    assert "set it back in the meter and confirm a new epoch" in (refused.detail or "")
    assert await shop.ledger_fen(AccountKind.PENDING, refused.id) == 0

    shop.deployment.farm.faults.add(Fault(kind="foreign-top-up", meter=shop.number, amount_fen=700))
    assert await ended(shop) == "VOIDED", "the count fell: the meter is held"
    assert shop.meter.purchase_count == 0
    assert (await shop.row()).hold_reason is not None
    await confirm_epoch(shop)
    assert await ended(shop) == "APPLIED"
    assert shop.meter.purchase_count == 1
    await shop.refresh()
    await shop.assert_clean()
