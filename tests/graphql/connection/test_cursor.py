"""Cursors round-trip, and are valid in their own order only."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_graphql.connection import decode_cursor, encode_cursor, page_size
from prewatt_graphql.errors import BadInput

WORDS = st.text(st.characters(exclude_categories=["Cs"]))


@given(WORDS, WORDS, WORDS)
def test_round_trip(order: str, key: str, tie: str) -> None:
    assert decode_cursor(encode_cursor(order, key, tie), order, 2) == (key, tie)


@given(WORDS, WORDS)
def test_a_cursor_of_another_order_is_refused(key: str, tie: str) -> None:
    with pytest.raises(BadInput):
        decode_cursor(encode_cursor("NUMBER ASC", key, tie), "NUMBER DESC", 2)


OTHER_SHAPES: list[object] = [
    None, {}, [], ["NUMBER ASC"], ["NUMBER ASC", 1, 2], ["NUMBER ASC", "a", "b", "c"],
]  # fmt: skip


@pytest.mark.parametrize(
    "after",
    ["", "x", "%%%", "ä", "Ww"]
    + [base64.urlsafe_b64encode(json.dumps(made).encode()).decode() for made in OTHER_SHAPES],
)
def test_a_forged_cursor_is_refused(after: str) -> None:
    with pytest.raises(BadInput):
        decode_cursor(after, "NUMBER ASC", 2)


def test_pages_have_1_to_100_entries() -> None:
    assert [page_size(1), page_size(100)] == [1, 100]
    for wrong in (0, -1, 101, 2**31 - 1):
        with pytest.raises(BadInput):
            page_size(wrong)
