"""What a meter should show, and what its energy costs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given
from hypothesis import strategies as st

from prewatt_platform.reconciliation.rules import (
    Delivery,
    Registers,
    charge_fen,
    delivery_differences,
    tolerance_fen,
    use_between,
)

AT = datetime(2026, 1, 5, tzinfo=UTC)
DUE = Delivery(3, 10_000, 5, 2_500, 2_500, 12_500, None, None)
SHOWN = Registers(AT, 5, 12_500, 4_000, (100, 200, 300, 400), (10_000, 8_000, 5_000, 3_000), 20)


def test_equal_sides_agree() -> None:
    assert delivery_differences(DUE, SHOWN) == []


def test_an_order_under_way_may_show_already() -> None:
    under_way = replace(DUE, open_fen=700, open_count=6)
    assert delivery_differences(under_way, SHOWN) == []
    assert delivery_differences(under_way, replace(SHOWN, purchase_count=6, total_purchased_fen=13_200)) == []
    assert delivery_differences(under_way, replace(SHOWN, purchase_count=6)) != []


def test_both_sides_are_named() -> None:
    (registers,) = delivery_differences(DUE, replace(SHOWN, purchase_count=7))
    assert "purchase count 7" in registers
    assert "5 and 12500 fen" in registers
    (ledger,) = delivery_differences(replace(DUE, delivered_fen=12_499), SHOWN)
    assert "12499 fen delivered" in ledger


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**6)), min_size=1, max_size=5),
)
def test_a_charge_is_rounded_once_half_up(pairs: list[tuple[int, int]]) -> None:
    exact = sum((Decimal(used) * price / 10_000 for used, price in pairs), Decimal())
    charged = charge_fen([used for used, _ in pairs], [price for _, price in pairs])
    assert charged == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@given(
    used=st.lists(st.integers(0, 10**7), min_size=4, max_size=4),
    off_fen=st.integers(-(10**6), 10**6),
    bought_fen=st.integers(0, 10**7),
)
def test_use_agrees_within_the_tolerance_and_no_further(
    used: list[int], off_fen: int, bought_fen: int
) -> None:
    assert SHOWN.prices_e4 is not None
    energies = tuple(before + more for before, more in zip(SHOWN.energy_by_rate_centikwh, used, strict=True))
    later = replace(
        SHOWN,
        at=AT + timedelta(days=1),
        energy_by_rate_centikwh=energies,
        total_purchased_fen=SHOWN.total_purchased_fen + bought_fen,
        remaining_fen=SHOWN.remaining_fen + bought_fen - charge_fen(used, SHOWN.prices_e4) + off_fen,
    )
    use = use_between(SHOWN, later)
    assert use is not None
    assert use.agrees == (abs(off_fen) <= tolerance_fen(SHOWN.prices_e4, SHOWN.multiplier))


def test_readings_that_cannot_be_compared() -> None:
    later = replace(SHOWN, at=AT + timedelta(days=1))
    assert use_between(SHOWN, replace(later, prices_e4=(1, 1, 1, 1))) is None
    assert use_between(SHOWN, replace(later, multiplier=1)) is None
    assert use_between(SHOWN, replace(later, energy_by_rate_centikwh=(99, 200, 300, 400))) is None
    assert use_between(replace(SHOWN, prices_e4=None), replace(later, prices_e4=None)) is None
