"""What an operator is shown before something is sent to a meter: the meter, the action in words, before and after."""

from dataclasses import dataclass
from decimal import Decimal
from functools import singledispatch

from prewatt_tui import formatting, labels
from prewatt_tui.models.meter import ControlMode, MeterDetail
from prewatt_tui.requests import ActionRequest, OpenAccount, Sell, SetControlMode

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
        """What the operator types to show that this very meter is meant."""
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
        f"Sell {request.amount:.2f} {unit} to {meter.customer or 'the customer'}",
        (
            Change("remaining", _amount(before, unit), _about(before, request.amount, unit)),
            Change(
                "purchase count",
                formatting.number(count),
                formatting.number(None if count is None else count + 1),
            ),
        ),
        f"Sell {request.amount:.2f}",
        "",
    )


@_details.register
def _control_mode(request: SetControlMode, meter: MeterDetail) -> _Details:
    return (
        f"Set the control mode to {labels.CONTROL_MODE[request.mode]}",
        (
            Change(
                "control mode", labels.CONTROL_MODE[meter.control_mode], labels.CONTROL_MODE[request.mode]
            ),
            Change("relay", labels.RELAY[meter.relay][0], _relay_after(request.mode)),
        ),
        "Set the mode",
        f"{labels.CONTROL_MODE_MEANS[request.mode]}.".capitalize(),
    )


@_details.register
def _account(request: OpenAccount, meter: MeterDetail) -> _Details:
    reading = meter.reading
    unit = formatting.currency_word(meter.balance.currency) if meter.balance else ""
    return (
        f"Open an account for {request.customer}",
        (
            Change("account", labels.ACCOUNT[meter.account_state], "open"),
            Change(
                "remaining", _amount(meter.balance.amount if meter.balance else None, unit), f"0.00 {unit}"
            ),
            Change("purchase count", formatting.number(reading.purchase_count if reading else None), "0"),
        ),
        "Open the account",
        "The meter's remaining amount and purchase count start again at 0. Without credit it may switch off.",
    )


def _amount(value: Decimal | None, unit: str) -> str:
    return formatting.NOT_KNOWN if value is None else f"{value:.2f} {unit}"


def _about(before: Decimal | None, amount: Decimal, unit: str) -> str:
    """What will remain, if nothing is used meanwhile."""
    return f"+{amount:.2f} {unit}" if before is None else f"about {before + amount:.2f} {unit}"


def _relay_after(mode: ControlMode) -> str:
    return {
        ControlMode.FORCED_OFF: "open",
        ControlMode.KEEP_SUPPLY: "closed",
        ControlMode.PREPAID: "as the credit says",
    }[mode]
