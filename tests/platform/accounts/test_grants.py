"""Grants: credit from a programme, delivered like a sale, used before paid credit, and never paid out."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest

from prewatt_fixtures.clock import ScaledClock
from prewatt_fixtures.wire.pdu import READ_HOLDING, VENDOR
from prewatt_platform.accounts.errors import NotRefundable, TermRefused
from prewatt_platform.accounts.models import Order
from prewatt_platform.accounts.rules import CreditStep, adjustment, granted_left_fen, refundable_fen
from prewatt_platform.accounts.sales import SalesService
from prewatt_platform.control.errors import IdempotencyMismatch, ReasonMissing
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.control.rows import RowsRefused
from prewatt_platform.grants.models import GrantKind
from prewatt_platform.grants.service import Granted, GrantRow, GrantService, GrantTerms
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKind, Funding
from prewatt_simulator.faults import Fault

from .conftest import OPENED, UNOPENED, Shop

pytestmark = pytest.mark.anyio

OpenShop = Callable[..., Awaitable[Shop]]
SUBSIDY = GrantTerms(GrantKind.SUBSIDY, "heat 2026", None, "agreed")
THIRD, FOURTH = "0000010203", "000001010A"
"""More meters of site `tiny` that come opened."""


def allowance(month: date = date(2026, 1, 1)) -> GrantTerms:
    return GrantTerms(GrantKind.ALLOWANCE, "basic", month, "agreed")


async def grant(
    shop: Shop,
    terms: GrantTerms,
    *rows: tuple[str, int],
    key: uuid.UUID | None = None,
    skip_refused: bool = False,
) -> Granted:
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        granted, _ = await GrantService(work).grant(
            key or uuid.uuid4(), terms, [GrantRow(*row) for row in rows], skip_refused=skip_refused
        )
    return granted


async def balance(shop: Shop, kind: AccountKind, owner: object, funding: Funding) -> int:
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        return await LedgerRepository(work).balance_fen(kind, str(owner), funding)


class TestDelivery:
    async def test_granted_credit_arrives_and_is_not_refundable(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        await shop.sold(2000)
        before_fen, total_fen = shop.meter.remaining_fen, shop.meter.total_purchased_fen
        (order,) = (await grant(shop, SUBSIDY, (shop.number, 5000))).orders
        assert (await shop.deployment.ended(order.command_id)).state == "APPLIED"
        assert shop.meter.total_purchased_fen == total_fen + 5000
        point = (await shop.point()).id
        assert await balance(shop, AccountKind.GRANTED, "heat 2026", Funding.GRANTED) == -5000
        assert await balance(shop, AccountKind.DELIVERED, point, Funding.GRANTED) == 5000
        with pytest.raises(NotRefundable) as refused:
            await shop.refund(before_fen + 10)
        # what was used since is granted credit: it counts as used first
        assert before_fen - 5 <= refused.value.refundable_fen <= before_fen + 5
        assert (await shop.refunded(refused.value.refundable_fen)).state == "APPLIED"
        assert await balance(shop, AccountKind.DELIVERED, point, Funding.GRANTED) == 5000
        with pytest.raises(NotRefundable):
            await shop.refund(100)
        await shop.assert_clean()

    async def test_cancelled_before_it_is_sent_the_programme_has_its_money_back(
        self, open_shop: OpenShop
    ) -> None:
        shop = await open_shop(work=None)
        (order,) = (await grant(shop, allowance(), (shop.number, 5000))).orders
        assert await balance(shop, AccountKind.GRANTED, "basic", Funding.GRANTED) == -5000
        await cancel(shop, order)
        assert await balance(shop, AccountKind.GRANTED, "basic", Funding.GRANTED) == 0
        # a month whose order was voided may be granted again, and only then
        (again,) = (await grant(shop, allowance(), (shop.number, 6000))).orders
        assert (again.programme, again.amount_fen, again.paid_fen) == ("basic", 6000, 0)
        await cancel(shop, again)

    async def test_its_reply_is_lost_and_it_is_delivered_once(
        self, open_shop: OpenShop, hurried: ScaledClock
    ) -> None:
        shop = await open_shop(clock=hurried)
        total_fen = shop.meter.total_purchased_fen
        shop.deployment.farm.faults.add(Fault(kind="lose-reply", meter=shop.number, function=VENDOR))
        (order,) = (await grant(shop, SUBSIDY, (shop.number, 5000))).orders
        assert (await shop.deployment.ended(order.command_id)).state == "APPLIED"
        assert shop.meter.total_purchased_fen == total_fen + 5000
        assert len(shop.top_ups()) == 1

    async def test_cancelled_after_its_frame_was_lost_it_is_fenced(
        self, open_shop: OpenShop, hurried: ScaledClock
    ) -> None:
        shop = await open_shop(clock=hurried)
        total_fen = shop.meter.total_purchased_fen
        faults = shop.deployment.farm.faults
        faults.add(Fault(kind="lose-request", meter=shop.number, function=VENDOR))
        faults.add(Fault(kind="lose-reply", meter=shop.number, function=READ_HOLDING, skip=2))
        (order,) = (await grant(shop, SUBSIDY, (shop.number, 5000))).orders

        async def unknown() -> bool:
            async with shop.deployment.database.project(shop.deployment.scope) as work:
                command = await CommandRepository(work).by_id(order.command_id)
            return command is not None and command.state == "UNKNOWN"

        await shop.deployment.until(unknown)
        await shop.deployment.platform.stop()
        faults.clear()
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            fenced, _ = await SalesService(work).cancel(uuid.uuid4(), order.receipt_number, None)
        assert fenced.state == "FENCING"
        await shop.restart()
        assert (await shop.deployment.ended(order.command_id)).state == "VOIDED"
        assert shop.meter.total_purchased_fen == total_fen
        assert await balance(shop, AccountKind.GRANTED, "heat 2026", Funding.GRANTED) == 0
        await shop.assert_clean()


async def cancel(shop: Shop, order: Order) -> None:
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        command, _ = await SalesService(work).cancel(uuid.uuid4(), order.receipt_number, None)
    assert command.state == "VOIDED"


class TestRequests:
    async def test_an_allowance_once_for_a_point_and_month(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        (order,) = (await grant(shop, allowance(), (shop.number, 5000))).orders
        await shop.deployment.ended(order.command_id)
        with pytest.raises(RowsRefused) as refused:
            await grant(shop, allowance(), (shop.number, 5000))
        assert [(each.row, each.error) for each in refused.value.refusals] == [(0, "AllowanceGiven")]
        await grant(shop, allowance(date(2025, 12, 1)), (shop.number, 5000))

    async def test_rows_are_granted_or_named_with_their_reason(self, open_shop: OpenShop) -> None:
        shop = await open_shop(work=None)
        rows = [(THIRD, 100), (UNOPENED, 100), (OPENED, 0), (THIRD, 100), ("0000019999", 1), (FOURTH, 300)]
        wrong = [(1, "NotOpened"), (2, "AmountRefused"), (3, "MeterTwice"), (4, "UnknownMeter")]
        with pytest.raises(RowsRefused) as refused:
            await grant(shop, SUBSIDY, *rows)
        assert [(each.row, each.error) for each in refused.value.refusals] == wrong
        assert await balance(shop, AccountKind.GRANTED, "heat 2026", Funding.GRANTED) == 0

        key = uuid.uuid4()
        granted = await grant(shop, SUBSIDY, *rows, key=key, skip_refused=True)
        assert [(order.meter_number, order.amount_fen) for order in granted.orders] == [
            (THIRD, 100),
            (FOURTH, 300),
        ]
        assert [(each.row, each.error) for each in granted.refusals] == wrong
        again = await grant(shop, SUBSIDY, *rows, key=key, skip_refused=True)
        assert [order.command_id for order in again.orders] == [order.command_id for order in granted.orders]
        assert again.refusals == granted.refusals
        assert await balance(shop, AccountKind.GRANTED, "heat 2026", Funding.GRANTED) == -400
        with pytest.raises(IdempotencyMismatch):
            await grant(shop, SUBSIDY, *rows[:1], key=key, skip_refused=True)

    @pytest.mark.parametrize(
        ("terms", "rows", "error"),
        [
            (GrantTerms(GrantKind.SUBSIDY, " ", None, "agreed"), 1, TermRefused),
            (GrantTerms(GrantKind.SUBSIDY, "x" * 61, None, "agreed"), 1, TermRefused),
            (GrantTerms(GrantKind.SUBSIDY, "x", date(2026, 1, 1), "agreed"), 1, TermRefused),
            (GrantTerms(GrantKind.ALLOWANCE, "x", None, "agreed"), 1, TermRefused),
            (allowance(date(2026, 1, 2)), 1, TermRefused),
            (allowance(date(2100, 1, 1)), 1, TermRefused),
            (GrantTerms(GrantKind.SUBSIDY, "x", None, " "), 1, ReasonMissing),
            (SUBSIDY, 0, TermRefused),
            (SUBSIDY, 101, TermRefused),
        ],
    )
    async def test_wrong_terms_are_refused(
        self, scene: Shop, terms: GrantTerms, rows: int, error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            await grant(scene, terms, *[(OPENED, 100)] * rows)


@pytest.fixture(scope="module")
async def scene(open_shared_deployment: Callable[..., Awaitable[Any]]) -> Shop:
    """One project for requests that are refused."""
    return Shop(await open_shared_deployment("tiny"), OPENED, None)  # type: ignore[arg-type]  # never restarted


class TestRules:
    @pytest.mark.parametrize(
        ("steps", "credit_fen", "left_fen"),
        [
            ([], 7000, 0),
            # 2000 paid were left when 5000 were granted; 1000 used since are granted credit
            ([(5000, 7000, True)], 6000, 4000),
            ([(5000, 7000, True)], 1500, 0),
            # a debt of 1000 is paid by the grant
            ([(5000, 4000, True)], 4000, 4000),
            ([(500, -500, True)], -500, 0),
            # a sale between: what was used before it is granted credit, the sale is not
            ([(5000, 5000, True), (3000, 7000, False)], 7000, 4000),
            ([(5000, 5000, True), (3000, 7000, False)], 2000, 0),
            # a refund takes paid credit
            ([(5000, 7000, True), (-2000, 5000, False)], 5000, 5000),
            # two grants add up
            ([(5000, 5000, True), (5000, 9000, True)], 8000, 8000),
            # a meter that shows more than before used nothing
            ([(5000, 5000, True)], 5500, 5000),
        ],
    )
    def test_granted_credit_is_used_first(
        self, steps: list[tuple[int, int, bool]], credit_fen: int, left_fen: int
    ) -> None:
        found = granted_left_fen(
            [CreditStep(change, remaining, granted) for change, remaining, granted in steps], credit_fen
        )
        assert found == left_fen

    def test_only_paid_credit_is_refunded(self) -> None:
        assert refundable_fen(7000, 5000, 9000) == 2000
        assert refundable_fen(7000, 0, 1000) == 1000
        assert refundable_fen(-1, 0, 1000) == 0

    def test_an_adjustment_takes_granted_money_last(self) -> None:
        delivered = {Funding.PAID: 100, Funding.GRANTED: 50}
        assert adjustment(delivered, 7) == {Funding.PAID: 7, Funding.GRANTED: 0}
        assert adjustment(delivered, -100) == {Funding.PAID: -100, Funding.GRANTED: 0}
        assert adjustment(delivered, -120) == {Funding.PAID: -100, Funding.GRANTED: -20}
