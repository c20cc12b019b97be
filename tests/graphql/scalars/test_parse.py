"""Scalars parse strictly and have one canonical output."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from prewatt_graphql.errors import BadInput
from prewatt_graphql.quantities import decimal, fen_of, price_e4_of
from prewatt_graphql.scalars import parse_date_time, parse_decimal, parse_uuid, write_date_time, write_decimal


class TestDecimal:
    @given(
        st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12)
    )
    def test_round_trip(self, value: Decimal) -> None:
        assert parse_decimal(write_decimal(value)) == value

    @given(st.integers(min_value=-(2**63), max_value=2**63 - 1), st.integers(min_value=0, max_value=6))
    def test_is_written_in_plain_notation_with_its_decimals(self, count: int, decimals: int) -> None:
        text = write_decimal(decimal(count, decimals))
        assert "E" not in text
        assert len(text.partition(".")[2]) == decimals

    @pytest.mark.parametrize(
        "value",
        [
            1.5, 50, True, None, ["1"], {}, "", " 1", "1 ", "+1", "1.", ".5", "1e3", "1E5", "0x10", "1_000", "1,5",
            "NaN", "Infinity", "-Infinity", "--1", "１", "1\n", "9" * 19, "0.12345678901",
        ],
    )  # fmt: skip
    def test_refuses_everything_else(self, value: object) -> None:
        with pytest.raises(GraphQLError):
            parse_decimal(value)


class TestMoney:
    @given(st.integers(min_value=-(10**17), max_value=10**17))
    def test_round_trip_in_fen(self, amount_fen: int) -> None:
        assert fen_of(decimal(amount_fen, 2), "amount") == amount_fen

    def test_more_decimals_than_fen_are_refused_not_rounded(self) -> None:
        with pytest.raises(BadInput) as refused:
            fen_of(Decimal("50.001"), "amount")
        assert refused.value.path == ("input", "amount")

    def test_trailing_zeros_are_accepted(self) -> None:
        assert fen_of(Decimal("50.0000"), "amount") == 5000

    def test_prices_have_four_decimals(self) -> None:
        assert price_e4_of(Decimal("0.7512"), "priceFlat") == 7512
        with pytest.raises(BadInput):
            price_e4_of(Decimal("0.75125"), "priceFlat")

    def test_more_than_64_bits_is_refused(self) -> None:
        with pytest.raises(BadInput):
            fen_of(Decimal("9" * 18), "amount")


class TestDateTime:
    @given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)))
    def test_round_trip(self, naive: datetime) -> None:
        value = naive.replace(tzinfo=UTC)
        assert parse_date_time(write_date_time(value)) == value

    def test_is_written_in_utc(self) -> None:
        assert write_date_time(parse_date_time("2026-01-31T08:00:00+08:00")) == "2026-01-31T00:00:00Z"

    @pytest.mark.parametrize(
        "value",
        [
            "2026-01-31T08:00:00", "2026-01-31", "2026-01-31 08:00:00Z", "2026-02-30T08:00:00Z", "now", "", 0, 1.5, None,
            "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-31T24:61:00Z", "20260131T080000Z",
        ],
    )  # fmt: skip
    def test_refuses_instants_without_offset_and_invalid_ones(self, value: object) -> None:
        with pytest.raises(GraphQLError):
            parse_date_time(value)


class TestUuid:
    def test_round_trip(self) -> None:
        value = uuid4()
        assert parse_uuid(str(value)) == value
        assert parse_uuid(str(value).upper()) == value

    @pytest.mark.parametrize(
        "value",
        ["", "1", UUID(int=1).hex, f"{{{UUID(int=1)}}}", UUID(int=1).urn, 1, None, f"{UUID(int=1)}\n"],
    )
    def test_refuses_other_spellings(self, value: object) -> None:
        with pytest.raises(GraphQLError):
            parse_uuid(value)
