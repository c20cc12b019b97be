"""Numbers, money and times as the terminal writes them. A value that is not known is a hyphen."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from prewatt_tui.language import tr
from prewatt_tui.models.values import Money

NOT_KNOWN = "-"

_CURRENCY_WORDS = {"CNY": tr("yuan")}


def number(value: Decimal | int | None) -> str:
    """The figure alone."""
    return NOT_KNOWN if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


def number_within(value: Decimal | None, width: int) -> str:
    """The figure, with as many of its decimals as fit; its whole part is never shortened."""
    if value is None:
        return NOT_KNOWN
    decimals = max(0, -int(value.as_tuple().exponent))
    while decimals and len(f"{value:.{decimals}f}") > width:
        decimals -= 1
    return f"{value:.{decimals}f}"


def amount(value: Money | None) -> str:
    """The amount without its currency, as a column shows it."""
    return NOT_KNOWN if value is None else f"{value.amount:.2f}"


def money(value: Money | None) -> str:
    """The amount with the name of its currency."""
    return NOT_KNOWN if value is None else f"{value.amount:.2f} {currency_word(value.currency)}"


def currency_word(code: str) -> str:
    """What people call the currency."""
    return _CURRENCY_WORDS.get(code, code)


def age(at: datetime, now: datetime) -> str:
    """How long ago, in one unit."""
    seconds = max(0, int((now - at).total_seconds()))
    for limit, size, unit in ((60, 1, "s"), (3600, 60, tr("min")), (86400, 3600, "h")):
        if seconds < limit:
            return tr("{value} {unit} ago", value=seconds // size, unit=unit)
    return tr("{value} d ago", value=seconds // 86400)


def moment(at: datetime | None, zone: ZoneInfo) -> str:
    """Date and time of day where the project is."""
    return NOT_KNOWN if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def short_moment(at: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """Five characters: the time of day today, the day before that."""
    if at is None:
        return NOT_KNOWN
    local = at.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == now.astimezone(zone).date() else f"{local:%m-%d}"
