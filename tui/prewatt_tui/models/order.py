"""Money orders of a meter, and what its registers should show, as the page of orders gets them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from prewatt_tui.models.values import Json, Money, instant, money


@dataclass(frozen=True, slots=True)
class Order:
    """A sale, refund or reversal."""

    receipt_number: str
    command_id: str
    kind: str
    state: str
    amount: Money
    operator: str
    created_at: datetime

    @classmethod
    def of(cls, data: Json) -> Self:
        return cls(
            data["receiptNumber"],
            data["commandId"],
            data["kind"],
            data["state"],
            Money.of(data["amount"]),
            data["operatorName"],
            datetime.fromisoformat(data["createdAt"]),
        )

    @property
    def reversible(self) -> bool:
        """Whether it is a sale that the meter has; the platform checks the rest."""
        return self.kind == "SALE" and self.state == "APPLIED"

    @property
    def cancellable(self) -> bool:
        """Whether it is still under way."""
        return self.state in {"RESERVED", "PLANNED", "SENT", "ECHOED", "UNKNOWN"}

    @property
    def disputed(self) -> bool:
        """Whether a person has to decide."""
        return self.state == "DISPUTED"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Ledger and orders beside the registers of the meter's latest reading; None: not known."""

    read_at: datetime | None
    count_expected: int | None
    count_shown: int | None
    total_expected: Money | None
    total_shown: Money | None
    on_hold: str | None
    differences: tuple[str, ...]

    @classmethod
    def of(cls, data: Json) -> Self:
        return cls(
            instant(data["readAt"]),
            data["purchaseCountExpected"],
            data["purchaseCountShown"],
            money(data["totalPurchasedExpected"]),
            money(data["totalPurchasedShown"]),
            data["onHold"],
            tuple(data["differences"]),
        )


@dataclass(frozen=True, slots=True)
class Orders:
    """The newest orders of one meter, newest first, and its reconciliation; None: it has no epoch yet."""

    orders: tuple[Order, ...]
    reconciliation: Reconciliation | None

    @classmethod
    def of(cls, data: Json) -> Self:
        rows = [Reconciliation.of(edge["node"]) for edge in data["reconciliation"]["edges"]]
        return cls(
            tuple(Order.of(edge["node"]) for edge in data["sales"]["edges"]), rows[0] if rows else None
        )
