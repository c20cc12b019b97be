"""Parses a typed amount of money. Raises `BadInput` with the reason before anything is sent."""

import re
from decimal import Decimal

from prewatt_tui.errors import BadInput
from prewatt_tui.language import tr

AMOUNT_AT_MOST = Decimal("999999.99")

_PLAIN = re.compile(r"([0-9]+)(?:\.([0-9]+))?")


def read_amount(text: str) -> Decimal:
    """The amount with two decimals: more than 0, at most 999999.99. Raises BadInput with a sentence for the operator."""
    text = text.strip()
    if not text:
        raise BadInput(tr("Type an amount, for example 50 or 50.00."))
    if text.startswith("-"):
        raise BadInput(tr("{text} is negative: an amount is more than 0.", text=text))
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        raise BadInput(
            tr("{text} is not an amount: digits and one point, for example 50 or 50.00.", text=text)
        )
    if len(plain[2] or "") > 2:
        raise BadInput(
            tr("{text} has {value} decimals: an amount has at most two.", text=text, value=len(plain[2]))
        )
    amount = Decimal(text)
    if amount == 0:
        raise BadInput(tr("0 is not an amount that can be sold."))
    if amount > AMOUNT_AT_MOST:
        raise BadInput(
            tr(
                "{text} is too much at once: at most {amount_at_most}.",
                text=text,
                amount_at_most=AMOUNT_AT_MOST,
            )
        )
    return amount.quantize(Decimal("0.01"))
