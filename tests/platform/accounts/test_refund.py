"""Refunds: credit leaves the meter once, in one absolute frame, and what was paid out is in till and ledger."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_fixtures.wire.pdu import VENDOR
from prewatt_fixtures.wire.vendor import MoneyControl, TopUp, decode_request, encode_request
from prewatt_platform.accounts import rules
from prewatt_platform.accounts.errors import (
    AmountRefused,
    MeterOnHold,
    NoFreshReading,
    NotOpened,
    NotRefundable,
    OrderOpen,
)
from prewatt_platform.control.errors import IdempotencyMismatch, NotPrepaid, ReasonMissing
from prewatt_platform.control.models import CommandState
from prewatt_platform.ledger.rules import AccountKind
from prewatt_platform.metering.errors import UnknownMeter
from prewatt_platform.metering.repository import MeterRepository
from prewatt_simulator.faults import Fault

from .conftest import Shop

pytestmark = pytest.mark.anyio

OpenShop = Callable[..., Awaitable[Shop]]


class TestRefund:
    async def test_credit_leaves_the_meter_and_the_till_pays(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        await shop.sold(5000)
        count, total_fen = shop.meter.purchase_count, shop.meter.total_purchased_fen
        remaining_fen = shop.meter.remaining_fen
        command = await shop.refunded(2000)
        assert command.state == CommandState.APPLIED, command.detail
        assert (shop.meter.purchase_count, shop.meter.total_purchased_fen) == (count + 1, total_fen - 2000)
        assert remaining_fen - 2005 <= shop.meter.remaining_fen <= remaining_fen - 2000
        assert await shop.delivered_fen() == shop.meter.total_purchased_fen
        assert await shop.ledger_fen(AccountKind.PENDING, command.id) == 0
        assert await shop.ledger_fen(AccountKind.TILL, shop.deployment.scope.actor.id) == -5000 + 2000
        order = await shop.sale(command)
        assert (order.kind, order.reason, order.receipt_number) == ("REFUND", "moves out", "00000000002")
        assert order.evidence
        await shop.assert_clean()

    async def test_sold_to_again_afterwards(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        await shop.sold(5000)
        assert (await shop.refunded(5000)).state == CommandState.APPLIED
        await shop.sold(100)
        await shop.assert_clean()

    async def test_credit_that_the_meter_brought_along(self, open_shop: OpenShop) -> None:
        """The first order on an adopted meter: its counter is learnt from the reading just before."""
        shop = await open_shop()
        with pytest.raises(NotRefundable):
            await shop.refund(shop.meter.total_purchased_fen + 1)
        command = await shop.refunded(1000)
        assert command.state == CommandState.APPLIED, command.detail
        assert await shop.delivered_fen() == shop.meter.total_purchased_fen
        await shop.assert_clean()

    async def test_all_settings_of_the_meter_stay(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        before = (shop.meter.prices_e4, shop.meter.alarms_fen, shop.meter.money_on)
        await shop.refunded(1000)
        assert (shop.meter.prices_e4, shop.meter.alarms_fen, shop.meter.money_on) == before

    @given(st.integers(-(10**9), 10**9), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
    def test_never_more_than_was_paid_and_is_left(
        self, overused_fen: int, paid_fen: int, granted_fen: int, used_fen: int
    ) -> None:
        remaining_fen = paid_fen + granted_fen - used_fen
        refundable_fen = rules.refundable_fen(remaining_fen, 0, paid_fen)
        paid_used_fen = max(0, used_fen - granted_fen)
        assert refundable_fen == max(0, paid_fen - paid_used_fen)
        assert rules.refundable_fen(min(overused_fen, 0), 0, paid_fen) == 0


class TestRefused:
    """Nothing is reserved, sent or counted."""

    @pytest.mark.parametrize("amount_fen", [0, -1, -5000, rules.AMOUNT_MAX_FEN + 1])
    async def test_amount(self, open_shop: OpenShop, amount_fen: int) -> None:
        shop = await open_shop(work=None)
        with pytest.raises(AmountRefused):
            await shop.refund(amount_fen)

    async def test_more_than_is_left(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        await shop.sold(5000)
        with pytest.raises(NotRefundable) as refused:
            await shop.refund(shop.meter.remaining_fen + 10)
        assert refused.value.refundable_fen <= shop.meter.remaining_fen + 5
        assert await shop.ledger_fen(AccountKind.TILL, shop.deployment.scope.actor.id) == -5000

    async def test_a_meter_that_was_never_read(self, open_shop: OpenShop) -> None:
        shop = await open_shop(work=None)
        with pytest.raises(NoFreshReading):
            await shop.refund(100)

    @pytest.mark.parametrize(
        ("number", "error"),
        [("0000019999", UnknownMeter), ("0000010102", NotPrepaid), ("0000010202", NotOpened)],
    )
    async def test_meter(self, open_shop: OpenShop, number: str, error: type[Exception]) -> None:
        shop = await open_shop(number, work=None)
        with pytest.raises(error, match=number):
            await shop.refund(100)

    @pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
    async def test_reason(self, open_shop: OpenShop, reason: str) -> None:
        shop = await open_shop(work=None)
        with pytest.raises(ReasonMissing):
            await shop.refund(100, reason=reason)

    async def test_while_an_order_is_open_or_the_meter_on_hold(self, open_shop: OpenShop) -> None:
        shop = await open_shop(work=None)
        await shop.sell(100)
        with pytest.raises(OrderOpen):
            await shop.refund(100)
        row = await shop.row()
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            await MeterRepository(work).hold(row.id, "its counter fell")
        with pytest.raises(MeterOnHold):
            await shop.refund(100)


class TestCannotGo:
    async def test_used_up_since_the_request(self, open_shop: OpenShop) -> None:
        """The meter is asked again right before; the money goes back and nothing was sent."""
        shop = await open_shop()
        await shop.sold(5000)
        await shop.deployment.platform.stop()
        command = await shop.refund(3000)
        assert command is not None
        shop.exchange(encode_request(MoneyControl(remaining_fen=2000)))
        await shop.restart()
        ended = await shop.ended(command)
        assert ended.state == CommandState.VOIDED
        assert "has only" in (ended.detail or "")
        assert await shop.delivered_fen() == shop.meter.total_purchased_fen
        assert await shop.ledger_fen(AccountKind.TILL, shop.deployment.scope.actor.id) == -5000

    async def test_used_up_after_a_lost_frame_is_for_a_person(
        self, open_shop: OpenShop, hurried: Any
    ) -> None:
        shop = await open_shop(clock=hurried)
        await shop.sold(5000)
        shop.deployment.farm.faults.add(Fault(kind="lose-request", meter=shop.number, function=VENDOR))
        command = await shop.refund(3000)
        assert command is not None

        async def sent() -> bool:
            return len(shop.top_ups()) > 1

        await shop.deployment.until(sent)
        shop.deployment.farm.faults.clear()
        shop.exchange(encode_request(MoneyControl(remaining_fen=2000)))
        ended = await shop.ended(command)
        # the frame that was under way when the faults ended may have been first
        if ended.state == CommandState.DISPUTED:
            assert "fell to" in (ended.detail or "")
            assert await shop.ledger_fen(AccountKind.PENDING, command.id) == 3000
        else:
            assert ended.state == CommandState.APPLIED

    async def test_the_meter_refuses(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        await shop.sold(5000)
        shop.deployment.farm.faults.add(Fault(kind="exception", meter=shop.number, function=VENDOR, code=3))
        command = await shop.refunded(1000)
        assert command.state == CommandState.DISPUTED
        assert (await shop.row()).hold_reason is not None

    async def test_counter_moved_without_us(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        await shop.sold(5000)
        shop.exchange(encode_request(TopUp(777, shop.meter.purchase_count + 1)))
        command = await shop.refunded(1000)
        assert command.state == CommandState.VOIDED
        assert "without us" in (command.detail or "")


class TestOnce:
    async def test_one_key_one_refund_however_often_it_comes(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        await shop.sold(50_000)
        key = uuid.uuid4()
        commands = await asyncio.gather(*(shop.refund(1000, key) for _ in range(100)))
        assert len({command.id for command in commands if command is not None}) == 1
        assert commands[0] is not None
        await shop.ended(commands[0])
        assert await shop.ledger_fen(AccountKind.TILL, shop.deployment.scope.actor.id) == -50_000 + 1000
        with pytest.raises(IdempotencyMismatch):
            await shop.refund(1001, key)


class TestLostFrames:
    @pytest.mark.parametrize("kind", ["lose-request", "lose-reply"])
    async def test_taken_once(self, open_shop: OpenShop, hurried: Any, kind: str) -> None:
        """A frame that goes again is computed anew: the credit of now less the amount, never an old credit."""
        shop = await open_shop(clock=hurried)
        await shop.sold(5000)
        count, total_fen = shop.meter.purchase_count, shop.meter.total_purchased_fen
        shop.deployment.farm.journal.clear()
        shop.deployment.farm.faults.add(Fault(kind=kind, meter=shop.number, function=VENDOR, count=1))
        command = await shop.refunded(2000)
        assert command.state == CommandState.APPLIED, command.detail
        assert (shop.meter.purchase_count, shop.meter.total_purchased_fen) == (count + 1, total_fen - 2000)
        frames = [decode_request(frame) for frame in shop.top_ups()]
        assert len(frames) == (2 if kind == "lose-request" else 1)
        for frame in frames:
            assert isinstance(frame, MoneyControl)
            assert (frame.purchase_count, frame.total_purchased_fen) == (count + 1, total_fen - 2000)
        await shop.assert_clean()
