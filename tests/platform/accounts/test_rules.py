"""What evidence decides about an order: pure rules against a model of a meter."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_platform.accounts import rules
from prewatt_platform.accounts.rules import Plan, Verdict
from prewatt_platform.field.messages import Evidence

counts = st.integers(0, rules.COUNT_MAX - 1)
totals = st.integers(0, 1_000_000_00)
amounts = st.integers(1, rules.AMOUNT_MAX_FEN)


def seen(count: int, total_fen: int, *, remaining_fen: int = 0, money_control: bool = True) -> Evidence:
    return Evidence(datetime(2026, 1, 1, tzinfo=UTC), count, total_fen, remaining_fen, money_control, b"")


class TestJudge:
    @given(counts, totals, amounts)
    def test_the_planned_count_and_total_prove_it(self, count: int, total: int, amount: int) -> None:
        plan = Plan(count + 1, total, amount)
        assert rules.judge(plan, seen(count + 1, total + amount)) is Verdict.APPLIED

    @given(counts, totals, amounts)
    def test_the_values_before_mean_it_is_not_there(self, count: int, total: int, amount: int) -> None:
        plan = Plan(count + 1, total, amount)
        assert rules.judge(plan, seen(count, total)) is Verdict.NOT_APPLIED

    @given(counts, totals, amounts, st.integers(0, rules.COUNT_MAX), totals)
    def test_anything_else_is_for_a_person(
        self, count: int, total: int, amount: int, found_count: int, found_total: int
    ) -> None:
        plan = Plan(count + 1, total, amount)
        if (found_count, found_total) in {(count, total), (count + 1, total + amount)}:
            return
        assert rules.judge(plan, seen(found_count, found_total)) is Verdict.CONTRADICTION

    @given(counts, totals, amounts, st.integers(-(10**9), 10**9))
    def test_remaining_credit_is_no_evidence(
        self, count: int, total: int, amount: int, remaining: int
    ) -> None:
        """Consumption moves it, so it says nothing about a sale."""
        plan = Plan(count + 1, total, amount)
        assert rules.judge(plan, seen(count, total, remaining_fen=remaining)) is Verdict.NOT_APPLIED

    def test_a_count_without_its_money_is_a_contradiction(self) -> None:
        """Power was cut inside the meter's write."""
        plan = Plan(7, 30000, 5000)
        assert rules.judge(plan, seen(7, 30000)) is Verdict.CONTRADICTION
        assert rules.judge(plan, seen(6, 35000)) is Verdict.CONTRADICTION

    def test_the_dispute_names_both_possibilities(self) -> None:
        text = rules.contradiction(Plan(7, 30000, 5000), seen(9, 30000))
        for part in ("9", "300.00", "350.00", "7", "6"):
            assert part in text


@dataclass
class Meter:
    """A meter of the counter rule `next`."""

    count: int
    total: int

    def receive(self, plan: Plan) -> None:
        if plan.purchase_count == self.count + 1:
            self.count, self.total = plan.purchase_count, self.total + plan.change_fen


class TestResending:
    @given(counts, totals, amounts, st.lists(st.booleans(), max_size=12))
    def test_the_same_frame_any_number_of_times_is_one_sale(
        self, count: int, total: int, amount: int, arrives: list[bool]
    ) -> None:
        """Frames get lost or arrive, late and again: the verdict is APPLIED as soon as one arrived, and for good."""
        meter = Meter(count, total)
        plan = Plan(count + 1, total, amount)
        for there in arrives:
            if there:
                meter.receive(plan)
            verdict = rules.judge(plan, seen(meter.count, meter.total))
            assert verdict is (Verdict.APPLIED if meter.count > count else Verdict.NOT_APPLIED)
        assert meter.total in {total, total + amount}


class TestForeignChange:
    def test_as_we_left_it(self) -> None:
        assert rules.foreign_change(6, 30000, seen(6, 30000)) is None

    @pytest.mark.parametrize(("count", "total"), [(7, 35000), (5, 30000), (6, 30001), (0, 0)])
    def test_moved_without_us(self, count: int, total: int) -> None:
        told = rules.foreign_change(6, 30000, seen(count, total))
        assert told is not None
        assert str(count) in told


class TestRefusalBeforeSending:
    def test_fits(self) -> None:
        assert rules.refusal_before_sending(Plan(1, 0, 5000), seen(0, 0)) is None

    def test_money_control_is_off(self) -> None:
        assert rules.refusal_before_sending(Plan(1, 0, 5000), seen(0, 0, money_control=False)) is not None

    def test_the_counter_is_at_its_end(self) -> None:
        last = rules.COUNT_MAX
        assert rules.refusal_before_sending(Plan(last, 0, 1), seen(last - 1, 0)) is None
        assert rules.refusal_before_sending(Plan(last + 1, 0, 1), seen(last, 0)) is not None

    @pytest.mark.parametrize(
        ("total", "remaining"), [(rules.TOTAL_MAX_FEN - 1, 0), (0, rules.TOTAL_MAX_FEN - 1)]
    )
    def test_the_registers_are_full(self, total: int, remaining: int) -> None:
        assert (
            rules.refusal_before_sending(Plan(1, total, 1), seen(0, total, remaining_fen=remaining)) is None
        )
        assert (
            rules.refusal_before_sending(Plan(1, total, 2), seen(0, total, remaining_fen=remaining))
            is not None
        )


def test_negative_money_is_worded_with_its_sign() -> None:
    told = rules.foreign_change(1, -150, seen(1, 0))
    assert told is not None
    assert "-1.50" in told
