"""From the integers that the platform keeps to the decimals that the API shows, and back.

Out, each field keeps the decimals of its unit (fen have two). In, a value with more decimals than its unit has is
refused, never rounded.
"""

from decimal import Decimal

import strawberry

from prewatt_graphql.errors import BadInput

MONEY_DECIMALS = 2
PRICE_DECIMALS = 4
INT8_MAX = 2**63 - 1


@strawberry.type(description="An amount of money.")
class Money:
    """Built by `money`."""

    amount: Decimal = strawberry.field(description="The amount, with the decimals of the currency.")
    currency: str = strawberry.field(description="ISO 4217 code; always the project's currency.")


def decimal(count: int, decimals: int) -> Decimal:
    """`count` units of 10^-decimals, written with that many decimals."""
    return Decimal(count).scaleb(-decimals)


def maybe(count: int | None, decimals: int) -> Decimal | None:
    """The same, where there may be nothing."""
    return None if count is None else decimal(count, decimals)


def money(amount_fen: int, currency: str) -> Money:
    """Fen as money."""
    return Money(amount=decimal(amount_fen, MONEY_DECIMALS), currency=currency)


def maybe_money(amount_fen: int | None, currency: str) -> Money | None:
    """The same, where there may be none."""
    return None if amount_fen is None else money(amount_fen, currency)


def count_of(value: Decimal, decimals: int, field: str, unit: str) -> int:
    """The whole number of units that `input.<field>` is; `BadInput` when it has more decimals than allowed."""
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
