"""Cancelling an order: at once while nothing was sent, by a fence afterwards. The meter decides, never a clock."""

import asyncio
import sys
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from prewatt_fixtures import profile as profiles
from prewatt_fixtures.profile import CounterRule
from prewatt_fixtures.wire.pdu import READ_HOLDING, VENDOR
from prewatt_fixtures.wire.vendor import TopUp, encode_request
from prewatt_platform.accounts.errors import NotCancellable, UnknownReceipt
from prewatt_platform.accounts.sales import SalesService
from prewatt_platform.control.models import Command, CommandState
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.ledger.rules import AccountKind
from prewatt_simulator.faults import Fault

from .conftest import Shop

pytestmark = pytest.mark.anyio

OpenShop = Callable[..., Awaitable[Shop]]

AMOUNT_FEN = 5000


async def cancel(shop: Shop, order: Command, key: uuid.UUID | None = None) -> Command:
    receipt = (await shop.sale(order)).receipt_number
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        command, _ = await SalesService(work).cancel(key or uuid.uuid4(), receipt, "keyed in twice")
    return command


async def in_state(shop: Shop, order: Command, *states: CommandState) -> Command:
    async def there() -> Command | None:
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            found = await CommandRepository(work).by_id(order.id)
        return found if found is not None and found.state in states else None

    command: Command = await shop.deployment.until(there)
    return command


async def unknown(shop: Shop, lost: str) -> Command:
    """An order whose frame was lost on its way (`lose-request`), or its reply, and whose meter was silent then.

    The platform is stopped: no attempt is under way while the test cancels.
    """
    faults = shop.deployment.farm.faults
    faults.add(Fault(kind=lost, meter=shop.number, function=VENDOR))
    faults.add(Fault(kind="lose-reply", meter=shop.number, function=READ_HOLDING, skip=2))
    order = await in_state(shop, await shop.sell(AMOUNT_FEN), CommandState.UNKNOWN)
    await shop.deployment.platform.stop()
    faults.clear()
    return order


class TestNothingSent:
    async def test_voided_at_once_and_the_meter_is_free(self, open_shop: OpenShop) -> None:
        shop = await open_shop(work=None)
        order = await shop.sell(AMOUNT_FEN)
        assert (await cancel(shop, order)).state == CommandState.VOIDED
        assert await shop.ledger_fen(AccountKind.PENDING, order.id) == 0
        assert await shop.ledger_fen(AccountKind.TILL, shop.deployment.scope.actor.id) == 0
        await shop.sell(AMOUNT_FEN)

    async def test_an_order_that_waits_for_a_dead_meter(self, open_shop: OpenShop, hurried: Any) -> None:
        shop = await open_shop(clock=hurried)
        shop.deployment.farm.faults.add(Fault(kind="dead-meter", meter=shop.number))
        order = await shop.sell(AMOUNT_FEN)
        assert (await cancel(shop, order)).state == CommandState.VOIDED
        shop.deployment.farm.faults.clear()
        done = await shop.deployment.ended((await shop.sell(100)).id)
        assert done.state == CommandState.APPLIED
        assert len(shop.top_ups()) == 1


class TestSent:
    async def test_a_frame_that_never_arrived_can_never_be_applied_again(
        self, open_shop: OpenShop, hurried: Any
    ) -> None:
        shop = await open_shop(clock=hurried)
        count, total_fen = shop.meter.purchase_count, shop.meter.total_purchased_fen
        order = await unknown(shop, "lose-request")
        assert (await cancel(shop, order)).state == CommandState.FENCING
        await shop.restart()
        assert (await shop.deployment.ended(order.id)).state == CommandState.VOIDED
        assert (shop.meter.purchase_count, shop.meter.total_purchased_fen) == (count + 1, total_fen)
        late = encode_request(TopUp(AMOUNT_FEN, count + 1))
        assert set(shop.top_ups()) == {late, encode_request(TopUp(0, count + 1))}
        shop.exchange(late)
        assert shop.meter.total_purchased_fen == total_fen
        assert await shop.ledger_fen(AccountKind.PENDING, order.id) == 0
        assert (await shop.sale(order)).evidence
        done = await shop.deployment.ended((await shop.sell(700)).id)
        assert done.state == CommandState.APPLIED, done.detail
        assert shop.meter.purchase_count == count + 2
        await shop.assert_clean()

    async def test_money_that_had_arrived_stays_there(self, open_shop: OpenShop, hurried: Any) -> None:
        shop = await open_shop(clock=hurried)
        count, total_fen = shop.meter.purchase_count, shop.meter.total_purchased_fen
        order = await unknown(shop, "lose-reply")
        assert (await cancel(shop, order)).state == CommandState.FENCING
        await shop.restart()
        assert (await shop.deployment.ended(order.id)).state == CommandState.APPLIED
        assert (shop.meter.purchase_count, shop.meter.total_purchased_fen) == (
            count + 1,
            total_fen + AMOUNT_FEN,
        )
        assert await shop.delivered_fen() == total_fen + AMOUNT_FEN
        await shop.assert_clean()

    async def test_a_fence_that_is_lost_goes_again(self, open_shop: OpenShop, hurried: Any) -> None:
        shop = await open_shop(clock=hurried)
        order = await unknown(shop, "lose-request")
        await cancel(shop, order)
        shop.deployment.farm.faults.add(
            Fault(kind="lose-request", meter=shop.number, function=VENDOR, count=2)
        )
        await shop.restart()
        assert (await shop.deployment.ended(order.id)).state == CommandState.VOIDED

    async def test_money_keyed_in_by_others_is_for_a_person(self, open_shop: OpenShop, hurried: Any) -> None:
        shop = await open_shop(clock=hurried)
        order = await unknown(shop, "lose-request")
        await cancel(shop, order)
        shop.exchange(encode_request(TopUp(777, shop.meter.purchase_count + 1)))
        await shop.restart()
        assert (await shop.deployment.ended(order.id)).state == CommandState.DISPUTED
        assert await shop.ledger_fen(AccountKind.PENDING, order.id) == AMOUNT_FEN

    @pytest.mark.parametrize("moment", ["before", "after"])
    async def test_killed_around_the_fence(
        self, open_shop: OpenShop, hurried: Any, database_url: str, moment: str
    ) -> None:
        """A real process that dies at the frame (count, 0)."""
        shop = await open_shop(clock=hurried)
        count = shop.meter.purchase_count
        order = await unknown(shop, "lose-request")
        await cancel(shop, order)
        child = await asyncio.create_subprocess_exec(
            sys.executable, str(Path(__file__).with_name("dying_platform.py")), database_url, moment
        )
        async with asyncio.timeout(60):
            assert await child.wait() == -9
        assert (await in_state(shop, order, CommandState.FENCING)).state == CommandState.FENCING
        await shop.restart()
        assert (await shop.deployment.ended(order.id)).state == CommandState.VOIDED
        assert shop.meter.purchase_count == count + 1


class TestRefused:
    async def test_over_already(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        order = await shop.deployment.ended((await shop.sell(AMOUNT_FEN)).id)
        with pytest.raises(NotCancellable, match="APPLIED"):
            await cancel(shop, order)

    async def test_cancelled_twice(self, open_shop: OpenShop, hurried: Any) -> None:
        shop = await open_shop(clock=hurried)
        order = await unknown(shop, "lose-request")
        key = uuid.uuid4()
        first = await cancel(shop, order, key)
        assert (await cancel(shop, order, key)).id == first.id
        with pytest.raises(NotCancellable):
            await cancel(shop, order)

    async def test_unknown_receipt(self, open_shop: OpenShop) -> None:
        shop = await open_shop(work=None)
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            with pytest.raises(UnknownReceipt, match="00000009999"):
                await SalesService(work).cancel(uuid.uuid4(), "00000009999", None)

    @pytest.mark.parametrize("rule", [CounterRule.DIFFERENT, CounterRule.UNCHECKED])
    async def test_a_meter_that_does_not_check_counts(
        self, open_shop: OpenShop, hurried: Any, monkeypatch: pytest.MonkeyPatch, rule: CounterRule
    ) -> None:
        """A late frame could still be applied after the fence, so nobody may say that it was not."""
        shop = await open_shop(clock=hurried)
        model = profiles.profile((await shop.row()).model)
        assert model.prepayment is not None
        weak = (
            model.model_copy(
                update={"prepayment": model.prepayment.model_copy(update={"counter_rule": rule})}
            )
            if hasattr(model, "model_copy")
            else None
        )
        assert weak is not None
        monkeypatch.setattr("prewatt_platform.accounts.sales.profile", lambda _model: weak)
        order = await unknown(shop, "lose-request")
        with pytest.raises(NotCancellable, match="does not check purchase counts"):
            await cancel(shop, order)
