"""A hundred refunds race on one account: what was paid is never paid out twice."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from prewatt_platform.accounts.errors import NotRefundable, OrderOpen
from prewatt_platform.control.models import CommandState
from prewatt_platform.ledger.rules import AccountKind

from .conftest import Shop

pytestmark = pytest.mark.anyio

OpenShop = Callable[..., Awaitable[Shop]]


async def test_a_hundred_racing_refunds_never_pay_out_more_than_was_paid(
    open_shop: OpenShop,
) -> None:
    """Each tries until it is carried out or told that there is nothing left."""
    shop = await open_shop()
    brought_fen = shop.meter.total_purchased_fen
    await shop.sold(5000)
    share_fen = shop.meter.remaining_fen // 4
    applied = 0

    async def one() -> None:
        nonlocal applied
        while True:
            try:
                command = await shop.refund(share_fen)
            except OrderOpen:
                # an order takes some tenths of a second; a hundred that ask more often only slow it down
                await asyncio.sleep(0.5)
                continue
            except NotRefundable:
                return
            assert command is not None
            ended = await shop.ended(command)
            applied += ended.state == CommandState.APPLIED
            return

    await asyncio.gather(*(one() for _ in range(100)))
    paid_out_fen = 5000 + await shop.ledger_fen(AccountKind.TILL, shop.deployment.scope.actor.id)
    assert paid_out_fen == applied * share_fen
    assert 3 <= applied <= 4
    assert paid_out_fen <= brought_fen + 5000
    assert shop.meter.remaining_fen >= 0
    await shop.assert_clean()
