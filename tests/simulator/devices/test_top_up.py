"""Function 20H at 0100H: the purchase count decides, and a repeat changes nothing."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_fixtures.profile import CounterRule
from prewatt_fixtures.wire import vendor
from prewatt_fixtures.wire.vendor import VendorResult

IDLE = {"start": '{ energy = "100.00", remaining = "41.25", purchase_count = 6, total_purchased = "300.00" }'}


def money(master: Any) -> tuple[int, int, int]:
    """Count, total and remaining, as the evidence registers show them."""
    return master.read_registers(0x0221, 1)[0], master.u32(0x0412), master.i32(0x021F)


def test_a_top_up_raises_count_total_and_remaining_at_once(master_of: Any) -> None:
    master = master_of(IDLE)
    assert master.command(vendor.TopUp(5000, 7)) == vendor.VendorReply(0x0100, 4, VendorResult.DONE, 9125)
    assert money(master) == (7, 35_000, 9125)
    assert (master.read_registers(0x004E, 1)[0], master.u32(0x0051), master.i32(0x004F)) == (7, 35_000, 9125)
    assert (master.read_registers(0x0401, 1)[0], master.i32(0x0414)) == (7, 9125)


def test_a_repeat_of_the_last_top_up_is_done_and_changes_nothing(master_of: Any) -> None:
    master = master_of(IDLE)
    for _ in range(3):
        assert master.top_up(5000, 7) is VendorResult.DONE
    assert money(master) == (7, 35_000, 9125)


@pytest.mark.parametrize(("amount_fen", "count"), [(5001, 7), (5000, 6), (5000, 9), (5000, 0)])
def test_another_count_or_amount_is_refused(master_of: Any, amount_fen: int, count: int) -> None:
    master = master_of(IDLE)
    master.top_up(5000, 7)
    assert master.top_up(amount_fen, count) is VendorResult.WRONG_COUNT
    assert money(master) == (7, 35_000, 9125)


def test_start_values_make_no_repeat(master_of: Any) -> None:
    master = master_of(IDLE)
    assert master.top_up(30_000, 6) is VendorResult.WRONG_COUNT


def test_amount_0_with_the_next_count_moves_the_counter_only(master_of: Any) -> None:
    master = master_of({**IDLE, "hoarding_limit": '"10.00"'})
    assert master.top_up(0, 7) is VendorResult.DONE
    assert money(master) == (7, 30_000, 4125)


def test_the_hoarding_limit_refuses_what_would_pass_it(master_of: Any) -> None:
    master = master_of({**IDLE, "hoarding_limit": '"100.00"'})
    assert master.top_up(5876, 7) is VendorResult.OVER_HOARDING_LIMIT
    assert money(master) == (6, 30_000, 4125)
    assert master.top_up(5875, 7) is VendorResult.DONE
    assert money(master) == (7, 35_875, 10_000)


def test_an_unopened_meter_refuses_a_top_up(master_of: Any) -> None:
    master = master_of({"start": '{ energy = "100.00" }'})
    assert master.top_up(5000, 1) is VendorResult.NOT_OPENED
    assert money(master) == (0, 0, -10_000)


def test_more_than_the_register_range_is_refused(master_of: Any) -> None:
    master = master_of(IDLE)
    assert master.top_up(0x7FFF_FFFF, 7) is VendorResult.OUT_OF_RANGE
    assert money(master) == (6, 30_000, 4125)


def test_the_purchase_count_ends_at_65535(master_of: Any) -> None:
    master = master_of({"start": '{ remaining = "1.00", purchase_count = 65534 }'})
    assert master.top_up(100, 65535) is VendorResult.DONE
    assert master.top_up(100, 0) is VendorResult.WRONG_COUNT


@pytest.mark.parametrize(
    ("rule", "taken"),
    [
        (CounterRule.NEXT, {7}),
        (CounterRule.GREATER, {7, 8, 100}),
        (CounterRule.DIFFERENT, {0, 5, 7, 8, 100}),
        (CounterRule.UNCHECKED, {0, 5, 6, 7, 8, 100}),
    ],
)
def test_accepted_counts_follow_the_counter_rule(master_of: Any, rule: CounterRule, taken: set[int]) -> None:
    for count in (0, 5, 6, 7, 8, 100):
        master = master_of(IDLE)
        master.meter().counter_rule = rule
        result = master.top_up(5000, count)
        assert (result is VendorResult.DONE) == (count in taken), count
        assert money(master)[2] == (9125 if count in taken else 4125)


def test_without_a_counter_rule_a_repeat_is_applied_twice(master_of: Any) -> None:
    master = master_of(IDLE)
    master.meter().counter_rule = CounterRule.UNCHECKED
    master.top_up(5000, 7)
    master.top_up(5000, 7)
    assert money(master) == (7, 40_000, 14_125)


@pytest.mark.parametrize("changed", [b"", b"\0", b"\x20\x01", b"\x20\x01\0\0\4\x08\0\0\0\0\0\7"])
def test_a_malformed_frame_is_exception_3(master_of: Any, changed: bytes) -> None:
    master = master_of(IDLE)
    assert master.ask(b"\x20\x01\0\0\4\x08" + changed) == b"\xa0\x03"
    assert master.ask(vendor.encode_request(vendor.TopUp(1, 7)) + b"\0") == b"\xa0\x03"


def test_an_unknown_start_address_is_exception_2(master_of: Any) -> None:
    assert master_of(IDLE).ask(b"\x20\x07\0\0\1\2\0\0") == b"\xa0\x02"


@dataclass
class Model:
    """What the field's rules say about top-ups, without a meter."""

    count: int = 6
    total: int = 30_000
    remaining: int = 4125
    last: int | None = None

    def top_up(self, amount: int, count: int) -> VendorResult:
        if (count, amount) == (self.count, self.last):
            return VendorResult.DONE
        if count != self.count + 1:
            return VendorResult.WRONG_COUNT
        if amount and self.remaining + amount > 20_000:
            return VendorResult.OVER_HOARDING_LIMIT
        self.count, self.last = count, amount
        self.total += amount
        self.remaining += amount
        return VendorResult.DONE


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1, 100, 5000]), st.integers(min_value=5, max_value=12)), max_size=40
    )
)
def test_any_sequence_of_top_ups_matches_the_model(master_of: Any, top_ups: list[tuple[int, int]]) -> None:
    master, model = master_of({**IDLE, "hoarding_limit": '"200.00"'}), Model()
    for amount_fen, count in top_ups:
        assert master.top_up(amount_fen, count) is model.top_up(amount_fen, count)
        assert money(master) == (model.count, model.total, model.remaining)
