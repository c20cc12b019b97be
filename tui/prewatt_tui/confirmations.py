"""Confirmation of an action before it is sent: meter, action in words, values before and after."""

from dataclasses import dataclass
from decimal import Decimal
from functools import singledispatch

from prewatt_tui import formatting, labels
from prewatt_tui.language import tr
from prewatt_tui.models.meter import ControlMode, MeterDetail
from prewatt_tui.requests import (
    ActionRequest,
    CancelOrder,
    ConfirmRegisters,
    OpenAccount,
    Refund,
    Resolve,
    Reverse,
    Sell,
    SetControlMode,
)

TYPED_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changes."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A question with everything that the answer depends on."""

    meter_number: str
    place: str
    action: str
    changes: tuple[Change, ...]
    button: str
    warning: str = ""

    @property
    def to_type(self) -> str:
        """Characters of the meter number that the operator types to confirm."""
        return self.meter_number[-TYPED_CHARACTERS:]


def confirmation(meter: MeterDetail, request: ActionRequest) -> Confirmation:
    """The question to ask before `request` is sent to `meter`."""
    action, changes, button, warning = _details(request, meter)
    return Confirmation(meter.number, meter.place, action, changes, button, warning)


_Details = tuple[str, tuple[Change, ...], str, str]


@singledispatch
def _details(request: ActionRequest, meter: MeterDetail) -> _Details:
    raise NotImplementedError(type(request))


@_details.register
def _sale(request: Sell, meter: MeterDetail) -> _Details:
    reading = meter.reading
    count = reading.purchase_count if reading else None
    unit = formatting.currency_word(meter.balance.currency) if meter.balance else ""
    before = meter.balance.amount if meter.balance else None
    return (
        tr(
            "Sell {amount:.2f} {unit} to {customer}",
            amount=request.amount,
            unit=unit,
            customer=meter.customer or tr("the customer"),
        ),
        (
            Change(tr("remaining"), _amount(before, unit), _about(before, request.amount, unit)),
            Change(
                tr("purchase count"),
                formatting.number(count),
                formatting.number(None if count is None else count + 1),
            ),
        ),
        tr("Sell {amount:.2f}", amount=request.amount),
        "",
    )


@_details.register
def _refund(request: Refund, meter: MeterDetail) -> _Details:
    unit = formatting.currency_word(meter.balance.currency) if meter.balance else ""
    return (
        tr("Refund {amount:.2f} {unit}: {reason}", amount=request.amount, unit=unit, reason=request.reason),
        _taken_back(meter, request.amount, unit),
        tr("Refund {amount:.2f}", amount=request.amount),
        tr("Pay out when it says done: the meter has given the credit back then."),
    )


@_details.register
def _reverse(request: Reverse, meter: MeterDetail) -> _Details:
    amount = request.order.amount
    return (
        tr(
            "Reverse sale {receipt} of {amount}: {reason}",
            receipt=request.order.receipt_number,
            amount=formatting.money(amount),
            reason=request.reason,
        ),
        _taken_back(meter, amount.amount, formatting.currency_word(amount.currency)),
        tr("Reverse the sale"),
        tr("Pay back when it says done: the meter has given the credit back then."),
    )


@_details.register
def _cancel(request: CancelOrder, meter: MeterDetail) -> _Details:
    return (
        tr("Cancel order {receipt}: {reason}", receipt=request.order.receipt_number, reason=request.reason),
        (_state(request.order.state, tr("voided")),),
        tr("Cancel the order"),
        tr("If it was sent already, the meter decides: it ends as done or as voided."),
    )


@_details.register
def _resolve(request: Resolve, meter: MeterDetail) -> _Details:
    after = tr("done") if request.delivered else tr("voided")
    return (
        tr("Resolve order {receipt}: {reason}", receipt=request.order.receipt_number, reason=request.reason),
        (_state(request.order.state, after),),
        tr("Resolve the order"),
        tr("The meter stays on hold until its registers are accepted (h)."),
    )


@_details.register
def _confirm_registers(request: ConfirmRegisters, meter: MeterDetail) -> _Details:
    return (
        tr("Accept the meter's registers as they are: {reason}", reason=request.reason),
        (Change(tr("meter"), tr("on hold"), tr("free")),),
        tr("Accept the registers"),
        tr("The ledger is adjusted by the difference."),
    )


def _state(before: str, after: str) -> Change:
    return Change(tr("order"), labels.ORDER_STATE.get(before, before), after)


def _taken_back(meter: MeterDetail, amount: Decimal, unit: str) -> tuple[Change, ...]:
    """Credit that leaves the meter uses up one purchase count, like a sale."""
    before = meter.balance.amount if meter.balance else None
    count = meter.reading.purchase_count if meter.reading else None
    return (
        Change(tr("remaining"), _amount(before, unit), _about(before, -amount, unit)),
        Change(
            tr("purchase count"),
            formatting.number(count),
            formatting.number(None if count is None else count + 1),
        ),
    )


@_details.register
def _control_mode(request: SetControlMode, meter: MeterDetail) -> _Details:
    return (
        tr("Set the control mode to {value}", value=labels.CONTROL_MODE[request.mode]),
        (
            Change(
                tr("control mode"), labels.CONTROL_MODE[meter.control_mode], labels.CONTROL_MODE[request.mode]
            ),
            Change("relay", labels.RELAY[meter.relay][0], _relay_after(request.mode)),
        ),
        tr("Set the mode"),
        f"{labels.CONTROL_MODE_MEANS[request.mode]}.".capitalize(),
    )


@_details.register
def _account(request: OpenAccount, meter: MeterDetail) -> _Details:
    reading = meter.reading
    unit = formatting.currency_word(meter.balance.currency) if meter.balance else ""
    return (
        tr("Open an account for {customer}", customer=request.customer),
        (
            Change(tr("account"), labels.ACCOUNT[meter.account_state], tr("open|account")),
            Change(
                tr("remaining"),
                _amount(meter.balance.amount if meter.balance else None, unit),
                f"0.00 {unit}",
            ),
            Change(tr("purchase count"), formatting.number(reading.purchase_count if reading else None), "0"),
        ),
        tr("Open the account"),
        tr(
            "The meter's remaining amount and purchase count start again at 0. Without credit it may switch off."
        ),
    )


def _amount(value: Decimal | None, unit: str) -> str:
    return formatting.NOT_KNOWN if value is None else f"{value:.2f} {unit}"


def _about(before: Decimal | None, amount: Decimal, unit: str) -> str:
    """What will remain, if nothing is used meanwhile."""
    return (
        f"{amount:+.2f} {unit}"
        if before is None
        else tr("about {value:.2f} {unit}", value=before + amount, unit=unit)
    )


def _relay_after(mode: ControlMode) -> str:
    return {
        ControlMode.FORCED_OFF: tr("open"),
        ControlMode.KEEP_SUPPLY: tr("closed"),
        ControlMode.PREPAID: tr("as the credit says"),
    }[mode]
