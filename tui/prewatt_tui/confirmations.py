"""What an operator is shown before something is sent to a meter: the meter, the action in words, before and after."""

from dataclasses import dataclass
from decimal import Decimal
from functools import singledispatch

from prewatt_tui import figures, words
from prewatt_tui.intents import Intent, OpenAccount, Sell, SetControlMode
from prewatt_tui.models.meter import ControlMode, MeterDetail

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


def confirmation(meter: MeterDetail, intent: Intent) -> Confirmation:
    """The question to ask before `intent` is sent to `meter`."""
    action, changes, button, warning = _details(intent, meter)
    return Confirmation(meter.number, meter.place, action, changes, button, warning)


_Details = tuple[str, tuple[Change, ...], str, str]


@singledispatch
def _details(intent: Intent, meter: MeterDetail) -> _Details:
    raise NotImplementedError(type(intent))


@_details.register
def _sale(intent: Sell, meter: MeterDetail) -> _Details:
    reading = meter.reading
    count = reading.purchase_count if reading else None
    unit = figures.currency_word(meter.balance.currency) if meter.balance else ""
    before = meter.balance.amount if meter.balance else None
    return (
        f"Sell {intent.amount:.2f} {unit} to {meter.customer or 'the customer'}",
        (
            Change("remaining", _amount(before, unit), _about(before, intent.amount, unit)),
            Change(
                "purchase count", figures.number(count), figures.number(None if count is None else count + 1)
            ),
        ),
        f"Sell {intent.amount:.2f}",
        "",
    )


@_details.register
def _control_mode(intent: SetControlMode, meter: MeterDetail) -> _Details:
    return (
        f"Set the control mode to {words.CONTROL_MODE[intent.mode]}",
        (
            Change("control mode", words.CONTROL_MODE[meter.control_mode], words.CONTROL_MODE[intent.mode]),
            Change("relay", words.RELAY[meter.relay][0], _relay_after(intent.mode)),
        ),
        "Set the mode",
        f"{words.CONTROL_MODE_MEANS[intent.mode]}.".capitalize(),
    )


@_details.register
def _account(intent: OpenAccount, meter: MeterDetail) -> _Details:
    reading = meter.reading
    unit = figures.currency_word(meter.balance.currency) if meter.balance else ""
    return (
        f"Open an account for {intent.customer}",
        (
            Change("account", words.ACCOUNT[meter.account_state], "open"),
            Change(
                "remaining", _amount(meter.balance.amount if meter.balance else None, unit), f"0.00 {unit}"
            ),
            Change("purchase count", figures.number(reading.purchase_count if reading else None), "0"),
        ),
        "Open the account",
        "The meter's remaining amount and purchase count start again at 0. Without credit it may switch off.",
    )


def _amount(value: Decimal | None, unit: str) -> str:
    return figures.NOT_KNOWN if value is None else f"{value:.2f} {unit}"


def _about(before: Decimal | None, amount: Decimal, unit: str) -> str:
    """What will remain, if nothing is used meanwhile."""
    return f"+{amount:.2f} {unit}" if before is None else f"about {before + amount:.2f} {unit}"


def _relay_after(mode: ControlMode) -> str:
    return {
        ControlMode.FORCED_OFF: "open",
        ControlMode.KEEP_SUPPLY: "closed",
        ControlMode.PREPAID: "as the credit says",
    }[mode]
