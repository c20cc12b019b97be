"""Reversals: one sale, whole, once, the meter's newest order, on its own day."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from prewatt_fixtures.wire.pdu import VENDOR
from prewatt_fixtures.wire.vendor import MoneyControl, encode_request
from prewatt_platform.accounts.errors import NotReversible, OrderOpen, UnknownReceipt
from prewatt_platform.accounts.refunds import RefundService
from prewatt_platform.control.errors import ReasonMissing
from prewatt_platform.control.models import CommandState
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_simulator.faults import Fault

from .conftest import Shop

pytestmark = pytest.mark.anyio

OpenShop = Callable[..., Awaitable[Shop]]


async def balances(shop: Shop) -> dict[Any, int]:
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        kept = await LedgerRepository(work).kept_fen()
    return {account: amount for account, amount in kept.items() if amount}


class TestReversal:
    async def test_every_account_is_as_before_the_sale(self, open_shop: OpenShop) -> None:
        """The fee goes back as well, and to the till that took it."""
        shop = await open_shop()
        await shop.policy(fee_e4=150, fee_fixed_fen=30)
        await shop.sold(100)
        before = await balances(shop)
        count, total_fen = shop.meter.purchase_count, shop.meter.total_purchased_fen
        sale = await shop.sold(5000)
        assert (await shop.sale(sale)).fee_fen == 75 + 30
        reversal = await shop.ended(await shop.reverse(sale))
        assert reversal.state == CommandState.APPLIED, reversal.detail
        assert await balances(shop) == before
        assert (shop.meter.purchase_count, shop.meter.total_purchased_fen) == (count + 2, total_fen)
        await shop.assert_clean()

    @pytest.mark.parametrize("kind", ["lose-request", "lose-reply"])
    async def test_a_lost_frame(self, open_shop: OpenShop, hurried: Any, kind: str) -> None:
        shop = await open_shop(clock=hurried)
        total_fen = shop.meter.total_purchased_fen
        sale = await shop.sold(5000)
        shop.deployment.farm.faults.add(Fault(kind=kind, meter=shop.number, function=VENDOR, count=1))
        reversal = await shop.ended(await shop.reverse(sale))
        assert reversal.state == CommandState.APPLIED, reversal.detail
        assert shop.meter.total_purchased_fen == total_fen
        await shop.assert_clean()

    async def test_one_that_was_voided_can_be_asked_for_again(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        sale = await shop.sold(5000)
        await shop.deployment.platform.stop()
        first = await shop.reverse(sale)
        left_fen = shop.meter.remaining_fen
        shop.exchange(encode_request(MoneyControl(remaining_fen=100)))
        await shop.restart()
        assert (await shop.ended(first)).state == CommandState.VOIDED
        shop.exchange(encode_request(MoneyControl(remaining_fen=left_fen)))
        assert (await shop.ended(await shop.reverse(sale))).state == CommandState.APPLIED


class TestRefused:
    async def test_a_second_time(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        sale = await shop.sold(5000)
        reversal = await shop.ended(await shop.reverse(sale))
        with pytest.raises(NotReversible, match="reversed already"):
            await shop.reverse(sale)
        with pytest.raises(NotReversible, match="no sale"):
            await shop.reverse(reversal)

    async def test_while_it_is_under_way(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        sale = await shop.sold(5000)
        await shop.deployment.platform.stop()
        await shop.reverse(sale)
        with pytest.raises(OrderOpen):
            await shop.reverse(sale)

    async def test_not_the_newest(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        older, newer = await shop.sold(5000), await shop.sold(100)
        with pytest.raises(NotReversible, match="newest"):
            await shop.reverse(older)
        assert (await shop.refunded(100)).state == CommandState.APPLIED
        with pytest.raises(NotReversible, match="newest"):
            await shop.reverse(newer)

    async def test_of_yesterday_unless_the_project_allows_it(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        sale = await shop.sold(5000)
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            await work.session.execute(text("UPDATE orders SET created_at = created_at - interval '1 day'"))
        with pytest.raises(NotReversible, match="on the day of the sale"):
            await shop.reverse(sale)
        await shop.policy(reversal_days=1)
        assert (await shop.ended(await shop.reverse(sale))).state == CommandState.APPLIED

    async def test_never_applied(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        shop.exchange(encode_request(MoneyControl(on=False)))
        voided = await shop.ended(await shop.sell(5000))
        assert voided.state == CommandState.VOIDED
        with pytest.raises(NotReversible, match="does not have it"):
            await shop.reverse(voided)

    async def test_used_up(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        sale = await shop.sold(5000)
        shop.exchange(encode_request(MoneyControl(remaining_fen=4999)))
        await shop.refresh()
        with pytest.raises(NotReversible, match=r"has only 49\.99 left"):
            await shop.reverse(sale)

    async def test_reason_and_receipt(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        sale = await shop.sold(5000)
        with pytest.raises(ReasonMissing):
            await shop.reverse(sale, reason=" ")
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            with pytest.raises(UnknownReceipt):
                await RefundService(work).reverse(shop.deployment.platform.new_id(), "x", "mistyped")
