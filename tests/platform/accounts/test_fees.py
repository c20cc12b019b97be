"""Fees at top-up: what is owed and the property fee are taken from a payment first; a reversal gives all of it back."""

import uuid
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_platform.accounts import rules
from prewatt_platform.accounts.owed_fees import owed_fen
from prewatt_platform.accounts.sales import SalesService
from prewatt_platform.accounts.statement import Statement, statement
from prewatt_platform.charges.errors import ChargesNotReversible, UnknownDocument
from prewatt_platform.charges.service import ChargeRow, ChargeService, ChargeTerms, OwedCharge
from prewatt_platform.ledger.rules import AccountKind

from .conftest import Shop

pytestmark = pytest.mark.anyio

OpenShop = Callable[..., Awaitable[Shop]]


async def charge(shop: Shop, amount_fen: int) -> str:
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        batch, _, _ = await ChargeService(work).charge(
            uuid.uuid4(),
            "chargeCreate",
            ChargeTerms("January", "agreed"),
            [ChargeRow(shop.number, amount_fen)],
        )

    return batch.document


async def owed(shop: Shop, account: uuid.UUID) -> tuple[int, list[OwedCharge]]:
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        return await ChargeService(work).owed(account)


async def statement_of(shop: Shop, account: uuid.UUID) -> Statement:
    clock = shop.deployment.platform.clock
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        return await statement(work, account, clock.now().replace(year=2000), clock.now().replace(year=2200))


async def test_owed_fees_and_property_fee_are_taken_first_and_given_back(open_shop: OpenShop) -> None:
    shop = await open_shop()
    await charge(shop, 3000)
    await charge(shop, 500)
    await shop.policy(owed_share_e4=5000, property_share_e4=1000, fee_fixed_fen=30)
    before_fen = await shop.delivered_fen()
    sale = await shop.sold(7000)
    order = await shop.sale(sale)
    assert (order.owed_fen, order.property_fen, order.amount_fen, order.fee_fen) == (3500, 700, 2800, 30)
    assert order.paid_fen == 7030
    assert await owed(shop, order.account_id) == (0, (await owed(shop, order.account_id))[1])
    assert await shop.ledger_fen(AccountKind.TILL, shop.deployment.scope.actor.id) == -7030
    assert await shop.ledger_fen(AccountKind.FEES, "property") == 3500 + 700
    assert await shop.ledger_fen(AccountKind.FEES, "service") == 30
    shown = await statement_of(shop, order.account_id)
    assert [(line.movement.amount_fen, line.paid_fen) for line in shown.fees.lines] == [
        (-3000, None),
        (-500, None),
        (3500, 7030),
    ]
    assert (shown.fees.opening_fen, shown.fees.closing_fen) == (0, 0)
    assert (shown.credit.lines[-1].movement.amount_fen, shown.credit.lines[-1].paid_fen) == (2800, 7030)
    await shop.assert_clean()

    assert (await shop.ended(await shop.reverse(sale))).state == "APPLIED"
    owed_now, charges = await owed(shop, order.account_id)
    assert (owed_now, [each.settled_fen for each in charges]) == (3500, [0, 0])
    assert await shop.ledger_fen(AccountKind.TILL, shop.deployment.scope.actor.id) == 0
    assert await shop.ledger_fen(AccountKind.FEES, "property") == 3500
    # the meter brought credit along, which its first order adopted
    assert await shop.delivered_fen() == shop.meter.total_purchased_fen
    assert before_fen == 0
    await shop.assert_clean()


async def test_the_oldest_fees_are_settled_first_up_to_the_share(open_shop: OpenShop) -> None:
    shop = await open_shop()
    await charge(shop, 3000)
    await charge(shop, 500)
    await shop.policy(owed_share_e4=5000)
    order = await shop.sale(await shop.sold(6400))
    assert (order.owed_fen, order.amount_fen) == (3200, 3200)
    owed_now, charges = await owed(shop, order.account_id)
    assert (owed_now, [each.settled_fen for each in charges]) == (300, [3000, 200])


async def test_fees_are_undone_while_nobody_paid_them(open_shop: OpenShop) -> None:
    shop = await open_shop()
    first, second = await charge(shop, 3000), await charge(shop, 500)

    async def reverse(document: str, key: uuid.UUID | None = None) -> bool:
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            _, replayed = await ChargeService(work).reverse(key or uuid.uuid4(), document, "mistyped")
        return replayed

    key = uuid.uuid4()
    assert await reverse(second, key) is False
    assert await reverse(second, key) is True
    with pytest.raises(ChargesNotReversible, match="reversed already"):
        await reverse(second)
    with pytest.raises(UnknownDocument):
        await reverse("000F000099")
    await shop.policy(owed_share_e4=5000)
    order = await shop.sale(await shop.sold(2000))
    owed_now, charges = await owed(shop, order.account_id)
    assert (owed_now, [each.charge.amount_fen for each in charges]) == (2000, [3000])
    with pytest.raises(ChargesNotReversible, match=r"owes 20\.00 only, of 30\.00"):
        await reverse(first)
    await shop.assert_clean()


async def test_without_the_rule_nothing_is_taken(open_shop: OpenShop) -> None:
    shop = await open_shop(work=None)
    await charge(shop, 3000)
    order = await shop.sale(await shop.sell(2000))
    assert (order.owed_fen, order.amount_fen) == (0, 2000)


async def test_an_order_under_way_counts_and_a_voided_one_does_not(open_shop: OpenShop) -> None:
    shop = await open_shop(work=None)
    await charge(shop, 3000)
    await shop.policy(owed_share_e4=5000)
    order = await shop.sale(await shop.sell(2000))

    async def left() -> int:
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            return await owed_fen(work, order.account_id)

    assert await left() == 2000
    async with shop.deployment.database.project(shop.deployment.scope) as work:
        await SalesService(work).cancel(uuid.uuid4(), order.receipt_number, None)
    assert await left() == 3000
    assert (await owed(shop, order.account_id))[0] == 3000


@given(
    st.integers(1, rules.AMOUNT_MAX_FEN),
    st.integers(0, rules.AMOUNT_MAX_FEN),
    st.integers(0, rules.FEE_SHARE_MAX_E4),
    st.integers(0, rules.FEE_SHARE_MAX_E4),
)
def test_the_parts_of_a_payment_add_up_and_leave_credit(
    paid_fen: int, owed: int, owed_share: int, property_share: int
) -> None:
    property_share = min(property_share, rules.FEE_SHARE_MAX_E4 - owed_share)
    parts = rules.division(paid_fen, owed, owed_share, property_share)
    assert parts.owed_fen + parts.property_fen + parts.credit_fen == paid_fen
    assert 0 <= parts.owed_fen <= owed
    assert parts.credit_fen > 0
