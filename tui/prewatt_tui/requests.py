"""Confirmed actions: one object per decision, with its idempotency key.

A decision that is sent again because no answer came is the same object with the same key, so the platform carries it
out once. A new decision is a new object. Nothing in this package sends an intent by itself a second time.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from prewatt_tui.models.meter import ControlMode
from prewatt_tui.models.order import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequest:
    """One decision about one meter; `operation` and `field` name its mutation."""

    operation: ClassVar[str]
    field: ClassVar[str]

    key: UUID
    meter_number: str

    def input(self) -> dict[str, Any]:
        """The mutation's input object."""
        return {"idempotencyKey": str(self.key), "meterNumber": self.meter_number}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sell(ActionRequest):
    """Sell `amount` to a prepaid meter."""

    operation = "SaleCreate"
    field = "saleCreate"

    amount: Decimal

    def input(self) -> dict[str, Any]:
        return {**ActionRequest.input(self), "amount": f"{self.amount:.2f}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SetControlMode(ActionRequest):
    """Give a meter another control mode."""

    operation = "ControlModeSet"
    field = "controlModeSet"

    mode: ControlMode
    reason: str | None = None

    def input(self) -> dict[str, Any]:
        return {**ActionRequest.input(self), "mode": self.mode.value, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccount(ActionRequest):
    """Open an account for a customer on a prepaid meter."""

    operation = "AccountOpen"
    field = "accountOpen"

    customer: str
    phone: str | None = None

    def input(self) -> dict[str, Any]:
        return {**ActionRequest.input(self), "customerName": self.customer, "customerPhone": self.phone}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(ActionRequest):
    """Take unused credit back from a meter and pay it out."""

    operation = "RefundCreate"
    field = "refundCreate"

    amount: Decimal
    reason: str

    def input(self) -> dict[str, Any]:
        return {**ActionRequest.input(self), "amount": f"{self.amount:.2f}", "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmRegisters(ActionRequest):
    """Accept the registers of a meter on hold as they are."""

    operation = "MeterEpochConfirm"
    field = "meterEpochConfirm"

    reason: str

    def input(self) -> dict[str, Any]:
        return {**ActionRequest.input(self), "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest(ActionRequest):
    """One decision about one order of the meter."""

    order: Order
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverse(OrderRequest):
    """Undo a sale as a whole."""

    operation = "SaleReverse"
    field = "saleReverse"

    def input(self) -> dict[str, Any]:
        return _about_receipt(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder(OrderRequest):
    """Cancel an order that is under way."""

    operation = "SaleCancel"
    field = "saleCancel"

    def input(self) -> dict[str, Any]:
        return _about_receipt(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve(OrderRequest):
    """End a disputed order."""

    operation = "OrderResolve"
    field = "orderResolve"

    delivered: bool

    def input(self) -> dict[str, Any]:
        return {
            "idempotencyKey": str(self.key),
            "order": self.order.command_id,
            "delivered": self.delivered,
            "reason": self.reason,
        }


def _about_receipt(request: OrderRequest) -> dict[str, Any]:
    return {
        "idempotencyKey": str(request.key),
        "receiptNumber": request.order.receipt_number,
        "reason": request.reason,
    }
