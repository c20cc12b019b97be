"""Labels and colours of the platform's states.

Colours only repeat the labels, so nothing is lost on a terminal without them. Colours are the
names that every terminal of 16 colours has.
"""

from prewatt_tui.language import tr
from prewatt_tui.models.command import Command
from prewatt_tui.models.meter import AccountState, ControlMode, Standing
from prewatt_tui.models.reading import Relay

STANDING = {
    Standing.OPENED: (tr("opened"), "green"),
    Standing.ALARM_1: (tr("alarm 1"), "yellow"),
    Standing.ALARM_2: (tr("alarm 2"), "bright_magenta"),
    Standing.ARREARS: (tr("arrears"), "bold bright_red"),
    Standing.UNOPENED: (tr("unopened"), "bright_blue"),
    Standing.POSTPAID: (tr("postpaid"), "cyan"),
    Standing.LOST: (tr("LOST"), "bold black on bright_yellow"),
}

STANDING_MEANS = {
    Standing.OPENED: tr("an account is open and the credit is above the first alarm amount"),
    Standing.ALARM_1: tr("the credit is down to the first alarm amount"),
    Standing.ALARM_2: tr("the credit is down to the second alarm amount"),
    Standing.ARREARS: tr("the credit is used up; the meter opens its relay at the agreed overdraft"),
    Standing.UNOPENED: tr("there is no account yet; the meter measures and supplies"),
    Standing.POSTPAID: tr("billed afterwards: the meter measures, and nothing is sold before use"),
    Standing.LOST: tr("the meter has not answered for three reading intervals; its values are old"),
}

RELAY = {
    Relay.CLOSED: (tr("closed"), "green"),
    Relay.OPEN: (tr("open"), "bold bright_red"),
    Relay.UNKNOWN: ("-", "default"),
}

CONTROL_MODE = {
    ControlMode.PREPAID: tr("prepaid"),
    ControlMode.KEEP_SUPPLY: tr("keep supply"),
    ControlMode.FORCED_OFF: tr("forced off"),
}

CONTROL_MODE_MEANS = {
    ControlMode.PREPAID: tr("the meter decides by its credit; it may switch on or off at once"),
    ControlMode.KEEP_SUPPLY: tr("the meter supplies, whatever its credit says"),
    ControlMode.FORCED_OFF: tr("the supply is cut off and stays off until another mode is set"),
}

ACCOUNT = {
    AccountState.UNOPENED: tr("unopened"),
    AccountState.OPENING: tr("being opened"),
    AccountState.OPEN: tr("open|account"),
    AccountState.CLOSED: tr("closed|account"),
}

COMMAND_KIND = {
    "REFRESH": tr("Reading"),
    "ACCOUNT_OPEN": tr("Account opening"),
    "SALE": tr("Sale"),
    "REFUND": tr("Refund"),
    "REVERSAL": tr("Reversal"),
    "GRANT": tr("Grant"),
    "CONTROL_MODE": tr("Control mode"),
    "PRICES_SET": tr("Prices"),
    "METER_EPOCH": tr("Registers confirmed"),
}

COMMAND_STATE = {
    "REQUESTED": tr("requested"),
    "RESERVED": tr("the money is reserved; waiting for the meter's turn"),
    "PLANNED": tr("the meter was read; about to be sent"),
    "SENT": tr("sent to the meter; waiting for its reply"),
    "ECHOED": tr("the meter replied; being read back"),
    "UNKNOWN": tr("the meter has not answered yet; it will be asked again"),
    "FENCING": tr("cancelled; the meter will show whether it has the money"),
    "APPLIED": tr("done: the meter shows it"),
    "VOIDED": tr("cancelled before it was sent; nothing was sold"),
    "DISPUTED": tr("the meter contradicts what was sent; a person has to decide, the money stays reserved"),
    "SUCCEEDED": tr("done: read back from the meter"),
    "FAILED": tr("failed"),
    "SUPERSEDED": tr("replaced by a newer command before it was sent"),
    "EXPIRED": tr("not carried out in time; nothing was sent"),
}

ORDER_STATE = {
    "RESERVED": tr("waiting"),
    "PLANNED": tr("being sent"),
    "SENT": tr("being sent"),
    "ECHOED": tr("being sent"),
    "UNKNOWN": tr("no answer"),
    "FENCING": tr("cancelling"),
    "APPLIED": tr("done"),
    "VOIDED": tr("voided"),
    "DISPUTED": tr("DISPUTED"),
}
"""State of an order in a column of 11 cells."""

_GOOD = ("APPLIED", "SUCCEEDED")
_BAD = ("DISPUTED", "FAILED", "EXPIRED")


def outcome(command: Command) -> str:
    """How far the command is, in a sentence; the platform's own detail comes last."""
    words = [
        f"{COMMAND_KIND.get(command.kind, command.kind)}: {COMMAND_STATE.get(command.state, command.state)}"
    ]
    if command.kind == "SALE" and command.state == "UNKNOWN":
        words.append(tr("do not sell again"))
    if command.state == "APPLIED" and command.purchase_count is not None:
        words.append(tr("purchase count {purchase_count}", purchase_count=command.purchase_count))
    if command.attempts > 1 and not command.final:
        words.append(tr("attempt {attempts}", attempts=command.attempts))
    if command.detail:
        words.append(command.detail)
    return "; ".join(words)


def tone(command: Command) -> str:
    """The class of style that repeats the outcome: good, bad, waiting."""
    if command.state in _GOOD:
        return "good"
    return "bad" if command.state in _BAD else "waiting"
