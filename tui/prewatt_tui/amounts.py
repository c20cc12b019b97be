"""Reads an amount of money as an operator types it, and says what is wrong with it before anything is sent."""

import re
from decimal import Decimal

from prewatt_tui.errors import BadInput

AMOUNT_AT_MOST = Decimal("999999.99")

_PLAIN = re.compile(r"([0-9]+)(?:\.([0-9]+))?")


def read_amount(text: str) -> Decimal:
    """The amount with two decimals: more than 0, at most 999999.99. Raises BadInput with a sentence for the operator."""
    text = text.strip()
    if not text:
        raise BadInput("Type an amount, for example 50 or 50.00.")
    if text.startswith("-"):
        raise BadInput(f"{text} is negative: an amount is more than 0.")
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        raise BadInput(f"{text} is not an amount: digits and one point, for example 50 or 50.00.")
    if len(plain[2] or "") > 2:
        raise BadInput(f"{text} has {len(plain[2])} decimals: an amount has at most two.")
    amount = Decimal(text)
    if amount == 0:
        raise BadInput("0 is not an amount that can be sold.")
    if amount > AMOUNT_AT_MOST:
        raise BadInput(f"{text} is too much at once: at most {AMOUNT_AT_MOST}.")
    return amount.quantize(Decimal("0.01"))
