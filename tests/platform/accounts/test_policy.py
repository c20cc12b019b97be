"""A project's rules of selling: limits, hoarding, fee, and the second person."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_fixtures.wire.vendor import TopUp, encode_request
from prewatt_platform.accounts import rules
from prewatt_platform.accounts.errors import AmountRefused, OverHoardingLimit, PolicyChanged, PolicyRefused
from prewatt_platform.accounts.policy import PolicyTerms, set_policy
from prewatt_platform.accounts.resolution import ResolutionService
from prewatt_platform.control.models import Command, CommandState
from prewatt_platform.control.repository import ProposalRepository
from prewatt_platform.kernel.tenancy import Scope
from prewatt_platform.ledger.rules import AccountKind

from .conftest import Shop

pytestmark = pytest.mark.anyio

OpenShop = Callable[..., Awaitable[Shop]]

TERMS = PolicyTerms(
    sale_min_fen=100,
    sale_max_fen=10_000,
    hoarding_limit_fen=None,
    fee_e4=0,
    fee_fixed_fen=0,
    reversal_days=0,
    second_person_above_fen=None,
)


class TestLimits:
    @pytest.mark.parametrize("amount_fen", [99, 10_001])
    async def test_outside(self, open_shop: OpenShop, amount_fen: int) -> None:
        shop = await open_shop(work=None)
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            await set_policy(work, 0, TERMS)
        with pytest.raises(AmountRefused, match=r"between 1\.00 and 100\.00"):
            await shop.sell(amount_fen)

    async def test_hoarding_by_the_latest_reading_and_again_by_the_meter(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        await shop.sold(100)
        limit_fen = shop.meter.remaining_fen + 5000
        await shop.policy(hoarding_limit_fen=limit_fen)
        with pytest.raises(OverHoardingLimit):
            await shop.sell(5100)
        await shop.deployment.platform.stop()
        order = await shop.sell(4900)
        await shop.policy(hoarding_limit_fen=limit_fen - 200)
        await shop.restart()
        ended = await shop.ended(order)
        assert ended.state == CommandState.VOIDED
        assert "hoarding limit" in (ended.detail or "")


class TestFee:
    async def test_paid_beside_the_amount_and_kept_apart(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        await shop.policy(fee_e4=100, fee_fixed_fen=5)
        before_fen = shop.meter.total_purchased_fen
        await shop.sold(5000)
        assert shop.meter.total_purchased_fen == before_fen + 5000
        assert await shop.ledger_fen(AccountKind.TILL, shop.deployment.scope.actor.id) == -5055
        assert await shop.ledger_fen(AccountKind.FEES, "service") == 55
        await shop.assert_clean()

    @given(st.integers(1, rules.AMOUNT_MAX_FEN), st.integers(0, 10_000), st.integers(0, 1000))
    def test_rounded_half_up(self, amount_fen: int, share_e4: int, fixed_fen: int) -> None:
        fee_fen = rules.service_fee_fen(amount_fen, share_e4, fixed_fen) - fixed_fen
        assert -5000 < fee_fen * 10_000 - amount_fen * share_e4 <= 5000


class TestSetting:
    async def test_a_change_is_based_on_the_version_before(self, open_shop: OpenShop) -> None:
        shop = await open_shop(work=None)
        for version in (0, 1):
            async with shop.deployment.database.project(shop.deployment.scope) as work:
                assert (await set_policy(work, version, TERMS)).version == version + 1
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            with pytest.raises(PolicyChanged, match="version 2"):
                await set_policy(work, 1, TERMS)

    @pytest.mark.parametrize(
        ("rule", "wrong"),
        [
            ("sale_min_fen", 0), ("sale_max_fen", 99), ("sale_max_fen", rules.AMOUNT_MAX_FEN + 1), ("hoarding_limit_fen", 0),
            ("fee_e4", -1), ("fee_e4", 10_001), ("fee_fixed_fen", -1), ("reversal_days", -1), ("reversal_days", 367),
            ("second_person_above_fen", -1),
        ],
    )  # fmt: skip
    async def test_out_of_range(self, open_shop: OpenShop, rule: str, wrong: int) -> None:
        shop = await open_shop(work=None)
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            with pytest.raises(PolicyRefused, match="out of range"):
                await set_policy(work, 0, replace(TERMS, **{rule: wrong}))


class TestSecondPerson:
    async def test_a_refund_above_the_limit_needs_two(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        await shop.policy(second_person_above_fen=1000)
        await shop.sold(5000)
        assert await shop.refund(1001) is None
        assert await shop.refund(1001) is None, "not the same person twice"
        assert await self._open(shop) == ["refund 10.01 from meter 0000010201: moves out"]
        colleague = shop.colleague()
        assert await shop.refund(1002, scope=colleague) is None, "two persons agree on one amount"
        assert await shop.refund(1001, scope=colleague) is None, "the same person's own proposal, changed"
        done = await shop.refund(1001)
        assert done is not None
        assert (await shop.ended(done)).state == CommandState.APPLIED
        assert await self._open(shop) == []
        assert await shop.refund(1001) is None, "a proposal is used up"

    async def test_up_to_the_limit_one_is_enough(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        await shop.policy(second_person_above_fen=1000)
        await shop.sold(5000)
        assert (await shop.refunded(1000)).state == CommandState.APPLIED

    async def test_a_new_epoch_that_adjusts_more_needs_two(self, open_shop: OpenShop) -> None:
        shop = await open_shop()
        await shop.policy(second_person_above_fen=500)
        await shop.sold(100)
        shop.exchange(encode_request(TopUp(777, shop.meter.purchase_count + 1)))
        assert (await shop.ended(await shop.sell(5000))).state == CommandState.VOIDED
        await shop.refresh()
        assert await self._confirm(shop, shop.deployment.scope) is None
        assert (await shop.row()).hold_reason is not None
        confirmed = await self._confirm(shop, shop.colleague())
        assert confirmed is not None
        assert confirmed.state == CommandState.SUCCEEDED
        assert (await shop.row()).hold_reason is None

    async def _open(self, shop: Shop) -> list[str]:
        async with shop.deployment.database.project(shop.deployment.scope) as work:
            earliest = shop.deployment.project.created_at
            return [each.summary for each in await ProposalRepository(work).since(earliest, 10)]

    async def _confirm(self, shop: Shop, scope: Scope) -> Command | None:
        async with shop.deployment.database.project(scope) as work:
            command, _ = await ResolutionService(work).confirm_epoch(uuid.uuid4(), shop.number, "a card")
        return command
