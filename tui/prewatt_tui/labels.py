"""What the platform's states are called on the screen, and the colour that goes with each.

The words say everything; the colours only repeat it, so that nothing is lost on a terminal without them. Colours are the
names that every terminal of 16 colours has.
"""

from prewatt_tui.models.command import Command
from prewatt_tui.models.meter import AccountState, ControlMode, Standing
from prewatt_tui.models.reading import Relay

STANDING = {
    Standing.OPENED: ("opened", "green"),
    Standing.ALARM_1: ("alarm 1", "yellow"),
    Standing.ALARM_2: ("alarm 2", "bright_magenta"),
    Standing.ARREARS: ("arrears", "bold bright_red"),
    Standing.UNOPENED: ("unopened", "bright_blue"),
    Standing.LOST: ("LOST", "bold black on bright_yellow"),
}

STANDING_MEANS = {
    Standing.OPENED: "an account is open and the credit is above the first alarm amount",
    Standing.ALARM_1: "the credit is down to the first alarm amount",
    Standing.ALARM_2: "the credit is down to the second alarm amount",
    Standing.ARREARS: "the credit is used up; the meter opens its relay at the agreed overdraft",
    Standing.UNOPENED: "there is no account yet; the meter measures and supplies",
    Standing.LOST: "the meter has not answered for three reading intervals; its values are old",
}

RELAY = {
    Relay.CLOSED: ("closed", "green"),
    Relay.OPEN: ("open", "bold bright_red"),
    Relay.UNKNOWN: ("-", "default"),
}

CONTROL_MODE = {
    ControlMode.PREPAID: "prepaid",
    ControlMode.KEEP_SUPPLY: "keep supply",
    ControlMode.FORCED_OFF: "forced off",
}

CONTROL_MODE_MEANS = {
    ControlMode.PREPAID: "the meter decides by its credit; it may switch on or off at once",
    ControlMode.KEEP_SUPPLY: "the meter supplies, whatever its credit says",
    ControlMode.FORCED_OFF: "the supply is cut off and stays off until another mode is set",
}

ACCOUNT = {
    AccountState.UNOPENED: "unopened",
    AccountState.OPENING: "being opened",
    AccountState.OPEN: "open",
    AccountState.CLOSED: "closed",
}

COMMAND_KIND = {
    "REFRESH": "Reading",
    "ACCOUNT_OPEN": "Account opening",
    "SALE": "Sale",
    "CONTROL_MODE": "Control mode",
}

COMMAND_STATE = {
    "REQUESTED": "requested",
    "RESERVED": "the money is reserved; waiting for the meter's turn",
    "PLANNED": "the meter was read; about to be sent",
    "SENT": "sent to the meter; waiting for its reply",
    "ECHOED": "the meter replied; being read back",
    "UNKNOWN": "the meter has not answered yet; it will be asked again",
    "APPLIED": "done: the meter shows it",
    "VOIDED": "cancelled before it was sent; nothing was sold",
    "DISPUTED": "the meter contradicts what was sent; a person has to decide, the money stays reserved",
    "SUCCEEDED": "done: read back from the meter",
    "FAILED": "failed",
    "SUPERSEDED": "replaced by a newer command before it was sent",
    "EXPIRED": "not carried out in time; nothing was sent",
}

_GOOD = ("APPLIED", "SUCCEEDED")
_BAD = ("DISPUTED", "FAILED", "EXPIRED")


def outcome(command: Command) -> str:
    """How far the command is, in a sentence; the platform's own detail comes last."""
    words = [
        f"{COMMAND_KIND.get(command.kind, command.kind)}: {COMMAND_STATE.get(command.state, command.state)}"
    ]
    if command.kind == "SALE" and command.state == "UNKNOWN":
        words.append("do not sell again")
    if command.state == "APPLIED" and command.purchase_count is not None:
        words.append(f"purchase count {command.purchase_count}")
    if command.attempts > 1 and not command.final:
        words.append(f"attempt {command.attempts}")
    if command.detail:
        words.append(command.detail)
    return "; ".join(words)


def tone(command: Command) -> str:
    """The class of style that repeats the outcome: good, bad, waiting."""
    if command.state in _GOOD:
        return "good"
    return "bad" if command.state in _BAD else "waiting"
