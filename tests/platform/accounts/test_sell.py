"""Selling when the wire behaves: what is written where, and what is refused."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlmodel import select

from prewatt_fixtures.wire.vendor import MoneyControl, TopUp, encode_request
from prewatt_platform.accounts import rules
from prewatt_platform.accounts.errors import (
    AlarmsDoNotFit,
    AlreadyOpened,
    AmountRefused,
    CustomerNameMissing,
    MeterOnHold,
    NotOpened,
    OrderOpen,
)
from prewatt_platform.accounts.service import AccountService
from prewatt_platform.control.errors import IdempotencyMismatch, NotPrepaid
from prewatt_platform.control.models import CommandState
from prewatt_platform.kernel.audit import AuditEvent
from prewatt_platform.ledger.rules import AccountKind
from prewatt_platform.metering.errors import GatewayUnreachable, UnknownMeter
from prewatt_platform.metering.repository import MeterRepository
from prewatt_simulator.faults import Fault

pytestmark = pytest.mark.anyio

OpenShop = Callable[..., Awaitable[Any]]


class TestSale:
    async def test_the_amount_reaches_the_meter(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        before = (shop.meter.purchase_count, shop.meter.total_purchased_fen)
        command = await shop.deployment.ended((await shop.sell(5000)).id)
        assert command.state == CommandState.APPLIED
        assert (shop.meter.purchase_count, shop.meter.total_purchased_fen) == (
            before[0] + 1,
            before[1] + 5000,
        )
        assert len(shop.top_ups()) == 1

    async def test_the_ledger_agrees_with_the_meter(self, open_shop: OpenShop) -> None:
        """Delivered is what the meter was ever given, the adopted part included; nothing is left pending."""
        shop = await open_shop()
        for amount_fen in (5000, 1, 12345):
            command = await shop.deployment.ended((await shop.sell(amount_fen)).id)
            assert command.state == CommandState.APPLIED
            assert await shop.ledger_fen(AccountKind.PENDING, command.id) == 0
        assert await shop.delivered_fen() == shop.meter.total_purchased_fen
        assert await shop.ledger_fen(AccountKind.TILL, shop.deployment.scope.actor.id) == -(5000 + 1 + 12345)

    async def test_the_sale_keeps_its_day_and_its_evidence(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        command = await shop.deployment.ended((await shop.sell(5000)).id)
        sale = await shop.sale(command)
        assert (sale.place, sale.customer_name, sale.meter_number) == ("201 理发店", "钱乙", shop.number)
        assert sale.planned_count == shop.meter.purchase_count
        assert sale.total_before_fen == shop.meter.total_purchased_fen - 5000
        assert sale.evidence
        assert sale.applied_at is not None

    async def test_receipts_have_no_gaps(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        numbers = []
        for amount_fen in (100, 0, 200):  # the second is refused and uses no number
            try:
                command = await shop.deployment.ended((await shop.sell(amount_fen)).id)
            except AmountRefused:
                continue
            numbers.append((await shop.sale(command)).receipt_number)
        assert numbers == ["00000000001", "00000000002"]

    async def test_every_step_is_in_the_audit_trail(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        command = await shop.deployment.ended((await shop.sell(5000)).id)
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            events = (await work.session.execute(select(AuditEvent))).scalars().all()
        told = [event.action for event in events if event.detail.get("command") == str(command.id)]
        assert told == ["sale reserved", "SALE PLANNED", "SALE ECHOED", "SALE APPLIED"]

    async def test_the_new_credit_is_stored_at_once(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        await shop.deployment.ended((await shop.sell(5000)).id)

        async def stored() -> bool:
            async with shop.deployment.database.project(shop.deployment.scope) as work:
                from prewatt_platform.metering.readings import ReadingRepository

                meter = await shop.row()
                latest = (await ReadingRepository(work).latest([meter.id])).get(meter.id)
            return latest is not None and bool(latest.purchase_count == shop.meter.purchase_count)

        assert await shop.deployment.until(stored)


class TestRefused:
    """Nothing is reserved, sent or counted when a sale is refused."""

    @pytest.mark.parametrize("amount_fen", [0, -1, -5000, rules.AMOUNT_MAX_FEN + 1])
    async def test_amount(self, open_shop: OpenShop, amount_fen: int) -> None:
        shop = await open_shop(work=None)
        with pytest.raises(AmountRefused):
            await shop.sell(amount_fen)

    async def test_unknown_meter(self, open_shop: OpenShop) -> None:
        shop = await open_shop("0000019999", work=None)
        with pytest.raises(UnknownMeter, match="0000019999"):
            await shop.sell(5000)

    async def test_meter_of_another_project_is_an_unknown_meter(self, open_shop: OpenShop) -> None:
        shop = await open_shop(work=None)
        await open_shop(work=None, code="002")
        shop.number = "0020010201"
        with pytest.raises(UnknownMeter, match="0020010201"):
            await shop.sell(5000)

    @pytest.mark.parametrize("number", ["0000010101", "0000010102"])
    async def test_instrument_without_credit(self, open_shop: OpenShop, number: str) -> None:
        shop = await open_shop(number, work=None)
        with pytest.raises(NotPrepaid, match=number):
            await shop.sell(5000)

    async def test_unopened_meter(self, open_shop: OpenShop) -> None:
        shop = await open_shop("0000010202", work=None)
        with pytest.raises(NotOpened, match="0000010202"):
            await shop.sell(5000)

    async def test_gateway_without_address(self, open_shop: OpenShop) -> None:
        shop = await open_shop(work=None, known=False)
        with pytest.raises(GatewayUnreachable, match="000001"):
            await shop.sell(5000)

    async def test_second_order_while_one_is_open(self, open_shop: OpenShop) -> None:
        shop = await open_shop(work=None)
        first = await shop.sell(5000)
        with pytest.raises(OrderOpen) as refused:
            await shop.sell(100)
        assert refused.value.command.id == first.id
        assert await shop.ledger_fen(AccountKind.TILL, shop.deployment.scope.actor.id) == -5000

    async def test_meter_on_hold(self, open_shop: OpenShop) -> None:
        shop = await open_shop(work=None)
        row = await shop.row()
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            await MeterRepository(work).hold(row.id, "its counter fell")
        with pytest.raises(MeterOnHold, match="its counter fell"):
            await shop.sell(5000)


class TestIdempotency:
    async def test_same_key_is_one_sale(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        key = uuid.uuid4()
        first = await shop.sell(5000, key)
        await shop.deployment.ended(first.id)
        again = await shop.sell(5000, key)
        assert again.id == first.id
        assert len(shop.top_ups()) == 1

    async def test_same_key_with_another_amount_is_refused(self, open_shop: OpenShop) -> None:
        shop = await open_shop(work=None)
        key = uuid.uuid4()
        await shop.sell(5000, key)
        with pytest.raises(IdempotencyMismatch):
            await shop.sell(5001, key)

    async def test_a_storm_of_duplicates_is_one_sale(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        key = uuid.uuid4()
        commands = await asyncio.gather(*(shop.sell(5000, key) for _ in range(30)))
        assert len({command.id for command in commands}) == 1
        await shop.deployment.ended(commands[0].id)
        assert len(shop.top_ups()) == 1
        assert await shop.ledger_fen(AccountKind.TILL, shop.deployment.scope.actor.id) == -5000

    async def test_a_storm_of_orders_leaves_one(self, open_shop: OpenShop) -> None:
        """Different keys, one meter: one order is taken, the others are told that it is on its way."""
        shop = await open_shop(work=None)
        results = await asyncio.gather(*(shop.sell(100) for _ in range(20)), return_exceptions=True)
        assert sum(isinstance(result, OrderOpen) for result in results) == 19


class TestCannotGo:
    """Orders that the meter's state forbids are voided before anything leaves, and the money goes back."""

    async def test_counter_moved_without_us(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        assert (await shop.deployment.ended((await shop.sell(100)).id)).state == CommandState.APPLIED
        shop.exchange(encode_request(TopUp(777, shop.meter.purchase_count + 1)))
        command = await shop.deployment.ended((await shop.sell(5000)).id)
        assert command.state == CommandState.VOIDED
        assert "without us" in (command.detail or "")
        assert await shop.ledger_fen(AccountKind.PENDING, command.id) == 0
        assert await shop.ledger_fen(AccountKind.TILL, shop.deployment.scope.actor.id) == -100
        with pytest.raises(MeterOnHold):
            await shop.sell(100)

    async def test_money_control_is_off(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        shop.exchange(encode_request(MoneyControl(on=False)))
        command = await shop.deployment.ended((await shop.sell(5000)).id)
        assert command.state == CommandState.VOIDED
        assert not shop.top_ups()[1:]

    async def test_meter_refuses(self, open_shop: OpenShop) -> None:
        """A hoarding limit in the meter: nobody but a person can tell what to do with the money."""
        shop = await open_shop()
        limit = shop.meter.profile.register
        from prewatt_fixtures.measurements import Measurement
        from prewatt_fixtures.wire.pdu import write_multiple

        shop.exchange(write_multiple(limit(Measurement.HOARDING_LIMIT).address, (6000).to_bytes(4, "big")))
        command = await shop.deployment.ended((await shop.sell(5000)).id)
        assert command.state == CommandState.DISPUTED
        assert "hoarding" in (command.detail or "")
        assert await shop.ledger_fen(AccountKind.PENDING, command.id) == 5000
        assert (await shop.row()).hold_reason is not None


class TestOpening:
    async def open(self, shop: Any, **terms: Any) -> Any:
        from prewatt_platform.accounts.service import OpeningTerms

        async with shop.deployment.database.project(shop.deployment.scope) as work:
            command, _ = await AccountService(work).open(
                uuid.uuid4(), shop.number, OpeningTerms("周戊", **terms)
            )
        return command

    async def test_opened_then_sold_to(self, open_shop: OpenShop) -> None:
        shop = await open_shop("0000010202")
        terms = {"prices_e4": (12000, 9000, 6000, 3000), "alarm_1_fen": 3000, "alarm_2_fen": 1000}
        opening = await shop.deployment.ended((await self.open(shop, overdraft_fen=500, **terms)).id)
        assert opening.state == CommandState.SUCCEEDED
        assert shop.meter.money_on
        assert shop.meter.prices_e4 == (12000, 9000, 6000, 3000)
        assert shop.meter.alarms_fen == (3000, 1000)
        assert (shop.meter.purchase_count, shop.meter.total_purchased_fen) == (0, 0)
        sold = await shop.deployment.ended((await shop.sell(5000)).id)
        assert sold.state == CommandState.APPLIED
        assert shop.meter.purchase_count == 1
        assert await shop.delivered_fen() == 5000

    async def test_negative_credit_of_the_unopened_meter_is_not_carried_over(
        self, open_shop: OpenShop
    ) -> None:
        shop = await open_shop("0000010202")
        assert shop.meter.remaining_fen < -8000
        await shop.deployment.ended((await self.open(shop)).id)
        assert -100 < shop.meter.remaining_fen <= 0

    async def test_not_sold_to_while_opening(self, open_shop: OpenShop) -> None:
        shop = await open_shop("0000010202", work=None)
        await self.open(shop)
        with pytest.raises(OrderOpen):
            await shop.sell(5000)

    @pytest.mark.parametrize("kind", ["lose-request", "lose-reply"])
    async def test_a_lost_frame_opens_it_once(self, open_shop: OpenShop, kind: str, hurried: Any) -> None:
        shop = await open_shop("0000010202", clock=hurried)
        shop.deployment.farm.faults.add(Fault(kind=kind, meter=shop.number, function=0x20, count=1))
        opening = await shop.deployment.ended((await self.open(shop)).id)
        assert opening.state == CommandState.SUCCEEDED
        assert len(shop.top_ups()) == (2 if kind == "lose-request" else 1)
        assert (await shop.row()).epoch == 1

    async def test_the_meter_refuses_the_function(self, open_shop: OpenShop) -> None:
        """Exception 3 is for good: the opening has failed, and the point is free for another."""
        shop = await open_shop("0000010202")
        refusing = Fault(kind="exception", meter=shop.number, function=0x20, code=3)
        shop.deployment.farm.faults.add(refusing)
        opening = await shop.deployment.ended((await self.open(shop)).id)
        assert opening.state == CommandState.FAILED
        shop.deployment.farm.faults.clear()
        again = await shop.deployment.ended((await self.open(shop)).id)
        assert again.state == CommandState.SUCCEEDED

    async def test_the_meter_refuses_the_terms(self, open_shop: OpenShop) -> None:
        """The meter's own word, in its reply: alarm amounts that it does not take."""
        shop = await open_shop("0000010202", work=None)
        opening = await self.open(shop)
        point_id = (await shop.row()).point_id
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            point = await MeterRepository(work).point(point_id)
            point.alarm_2_fen = point.alarm_1_fen
        await shop.deployment.platform.start("collector")
        ended = await shop.deployment.ended(opening.id)
        assert ended.state == CommandState.FAILED
        assert "out of range" in (ended.detail or "")
        assert not shop.meter.money_on

    async def test_alarm_amounts_the_wrong_way_round(self, open_shop: OpenShop) -> None:
        shop = await open_shop("0000010202", work=None)
        with pytest.raises(AlarmsDoNotFit, match="1 has to be above 2"):
            await self.open(shop, alarm_1_fen=1000, alarm_2_fen=2000)

    async def test_a_customer_has_a_name(self, open_shop: OpenShop) -> None:
        from prewatt_platform.accounts.service import OpeningTerms

        shop = await open_shop("0000010202", work=None)
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            with pytest.raises(CustomerNameMissing):
                await AccountService(work).open(uuid.uuid4(), shop.number, OpeningTerms("  "))

    async def test_a_point_has_one_account(self, open_shop: OpenShop) -> None:
        shop = await open_shop(work=None)
        with pytest.raises(AlreadyOpened, match=shop.number):
            await self.open(shop)

    async def test_money_control_is_on_already(self, open_shop: OpenShop) -> None:
        """The frame would wipe somebody's credit."""
        shop = await open_shop("0000010202")
        shop.exchange(encode_request(MoneyControl(on=True, remaining_fen=4000)))
        opening = await shop.deployment.ended((await self.open(shop)).id)
        assert opening.state == CommandState.FAILED
        assert shop.meter.remaining_fen > 3000
        again = await shop.deployment.ended((await self.open(shop)).id)  # the point is free again
        assert again.state == CommandState.FAILED

    async def test_opened_by_somebody_else_meanwhile(self, open_shop: OpenShop, hurried: Any) -> None:
        shop = await open_shop("0000010202", clock=hurried)
        lost = shop.deployment.farm.faults.add(Fault(kind="lose-request", meter=shop.number, function=0x20))
        opening = await self.open(shop)

        async def tried() -> bool:
            return bool(shop.top_ups())

        await shop.deployment.until(tried)
        shop.deployment.farm.faults.remove(lost)
        shop.exchange(encode_request(MoneyControl(on=True, remaining_fen=4000, purchase_count=3)))
        ended = await shop.deployment.ended(opening.id)
        assert ended.state == CommandState.DISPUTED
        assert shop.meter.remaining_fen > 3000
