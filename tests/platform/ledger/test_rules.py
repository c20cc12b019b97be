"""Pure rules of postings: valid transfers, and amounts divided without a remainder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_platform.ledger.errors import LinesRefused
from prewatt_platform.ledger.rules import (
    AccountKey,
    AccountKind,
    Funding,
    Line,
    check,
    granted_first,
    moved,
    shares,
)

TILL = AccountKey(AccountKind.TILL, "anna")
FEES = AccountKey(AccountKind.FEES, "service")
GRANTED = AccountKey(AccountKind.BALANCE, "account", Funding.GRANTED)


class TestCheck:
    def test_two_lines_that_sum_to_zero(self) -> None:
        check(moved(TILL, FEES, 100))

    @pytest.mark.parametrize(
        ("lines", "reason"),
        [
            ([], "two lines or more"),
            ([Line(TILL, 1)], "two lines or more"),
            ([Line(TILL, 0), Line(FEES, 0)], "other than zero"),
            ([Line(TILL, 1), Line(TILL, -1)], "one line only"),
            ([Line(TILL, 2), Line(FEES, -1)], "PAID lines do not sum to zero"),
            ([Line(TILL, 1), Line(GRANTED, -1)], "PAID lines do not sum to zero"),
        ],
    )
    def test_invalid_transfers_are_refused(self, lines: list[Line], reason: str) -> None:
        with pytest.raises(LinesRefused, match=reason):
            check(lines)


class TestGrantedFirst:
    @given(st.integers(0, 10**9), st.integers(-(10**9), 10**9))
    def test_parts_add_up_and_granted_is_used_before_paid(self, amount_fen: int, granted_fen: int) -> None:
        paid, granted = granted_first(amount_fen, granted_fen)
        assert paid + granted == amount_fen
        assert paid >= 0
        assert 0 <= granted <= max(granted_fen, 0)
        assert paid == 0 or granted == max(granted_fen, 0)


class TestShares:
    @given(
        st.integers(0, 10**12),
        st.lists(st.integers(0, 10**6), min_size=1, max_size=50).filter(any),
    )
    def test_shares_add_up_and_are_within_one_fen(self, total_fen: int, weights: list[int]) -> None:
        divided = shares(total_fen, weights)
        assert sum(divided) == total_fen
        for share, weight in zip(divided, weights, strict=True):
            assert abs(share * sum(weights) - total_fen * weight) < sum(weights)

    @pytest.mark.parametrize("weights", [[], [0, 0], [1, -1, 5]])
    def test_invalid_weights_are_refused(self, weights: list[int]) -> None:
        with pytest.raises(ValueError, match="weights"):
            shares(100, weights)
