"""The values that several answers share: money, decimals and instants as JSON carries them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

Json = Mapping[str, Any]
"""An object of an answer."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency."""

    amount: Decimal
    currency: str

    @classmethod
    def of(cls, data: Json) -> Self:
        return cls(Decimal(data["amount"]), data["currency"])


def money(data: Json | None) -> Money | None:
    """The amount, where there is one."""
    return None if data is None else Money.of(data)


def decimal(value: str | None) -> Decimal | None:
    """The number, where there is one."""
    return None if value is None else Decimal(value)


def instant(value: str | None) -> datetime | None:
    """The moment, where there is one."""
    return None if value is None else datetime.fromisoformat(value)
