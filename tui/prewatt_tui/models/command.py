"""A command of the platform to one meter, and its state."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from prewatt_tui.models.values import Json, Money, instant, money


@dataclass(frozen=True, slots=True)
class Command:
    """What the platform is doing for one meter, and how far it is."""

    id: str
    kind: str
    state: str
    final: bool
    detail: str | None
    attempts: int
    next_attempt_at: datetime | None
    meter_number: str | None
    amount: Money | None
    purchase_count: int | None

    @classmethod
    def of(cls, data: Json) -> Self:
        sale = data["sale"] or {}
        return cls(
            id=data["id"],
            kind=data["kind"],
            state=data["state"],
            final=data["final"],
            detail=data["detail"],
            attempts=data["attempts"],
            next_attempt_at=instant(data["nextAttemptAt"]),
            meter_number=data["meter"] and data["meter"]["number"],
            amount=money(sale.get("amount")),
            purchase_count=sale.get("purchaseCount"),
        )
