"""Converts the platform's integers to the API's decimals and back.

Output has as many decimals as the unit (fen: two). Input with more decimals than the unit is refused, never rounded.
"""

from decimal import Decimal

import strawberry

from prewatt_graphql.errors import BadInput

MONEY_DECIMALS = 2
PRICE_DECIMALS = 4
INT8_MAX = 2**63 - 1
"""Largest value of a PostgreSQL bigint column."""


@strawberry.type(description="An amount of money in the project's currency.")
class Money:
    """Built by `money`."""

    amount: Decimal = strawberry.field(description="Amount with two decimals.")
    currency: str = strawberry.field(description="ISO 4217 code of the project's currency.")


def decimal(count: int, decimals: int) -> Decimal:
    """`count` units of 10^-decimals, written with that many decimals."""
    return Decimal(count).scaleb(-decimals)


def maybe(count: int | None, decimals: int) -> Decimal | None:
    """`decimal`, or None for None."""
    return None if count is None else decimal(count, decimals)


def money(amount_fen: int, currency: str) -> Money:
    """`Money` of an amount in fen."""
    return Money(amount=decimal(amount_fen, MONEY_DECIMALS), currency=currency)


def maybe_money(amount_fen: int | None, currency: str) -> Money | None:
    """`money`, or None for None."""
    return None if amount_fen is None else money(amount_fen, currency)


def count_of(value: Decimal, decimals: int, field: str, unit: str) -> int:
    """`input.<field>` as a count of 10^-decimals. Raises `BadInput` for more decimals or a count above 64 bits."""
    scaled = value.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        raise BadInput(f"{unit} has at most {decimals} decimals, not {value:f}", "input", field)
    if abs(scaled) > INT8_MAX:
        raise BadInput(f"{value:f} is too much", "input", field)
    return int(scaled)


def fen_of(value: Decimal, field: str) -> int:
    """`input.<field>` in fen."""
    return count_of(value, MONEY_DECIMALS, field, "money")


def price_e4_of(value: Decimal, field: str) -> int:
    """`input.<field>` in 0.0001 per kWh."""
    return count_of(value, PRICE_DECIMALS, field, "a price")
