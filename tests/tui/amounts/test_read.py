"""An amount is understood as money or refused with the reason, before anything is sent."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_tui.amounts import AMOUNT_AT_MOST, read_amount
from prewatt_tui.errors import BadInput


@settings(deadline=None)
@given(fen=st.integers(1, 99_999_999))
def test_every_amount_of_whole_fen_is_taken_as_it_is(fen: int) -> None:
    amount = Decimal(fen) / 100
    assert read_amount(f"{amount}") == amount
    assert read_amount(f"  {amount:.2f} ") == amount


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Type an amount"),
        ("0", "0 is not"),
        ("0.00", "0 is not"),
        ("-5", "negative"),
        ("1.234", "3 decimals"),
        ("1,5", "not an amount"),
        ("1e3", "not an amount"),
        ("NaN", "not an amount"),
        ("５０", "not an amount"),
        (".5", "not an amount"),
        ("fifty", "not an amount"),
        ("1000000", f"at most {AMOUNT_AT_MOST}"),
    ],
)
def test_what_is_no_amount_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read_amount(text)


@settings(deadline=None)
@given(text=st.text(max_size=12))
def test_nothing_but_an_amount_in_range_is_taken(text: str) -> None:
    with suppress(BadInput):
        amount = read_amount(text)
        assert 0 < amount <= AMOUNT_AT_MOST
        assert amount.as_tuple().exponent == -2
