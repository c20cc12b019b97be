"""Errors of accounts and sales.

AccountError
    AlreadyOpened       the point has an account
    NotOpened           the point has no open account
    OrderOpen           a money order of this meter is on its way
    MeterOnHold         a person has to decide about this meter first; says why
    AmountRefused       not a positive amount within the limits
    CustomerNameMissing a customer has a name
    TermRefused         a term of an opening is out of range; names the term
    AlarmsDoNotFit      alarm amount 1 is above alarm amount 2, and neither is negative
"""

from prewatt_platform.accounts.rules import yuan
from prewatt_platform.control.models import Command
from prewatt_platform.kernel.errors import PlatformError
from prewatt_platform.metering.models import Meter


class AccountError(PlatformError):
    """Base of the errors of accounts and sales."""


class AlreadyOpened(AccountError):
    """The meter's point has an account already."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        super().__init__(f"meter {meter.number} has an account already")


class NotOpened(AccountError):
    """The meter's point has no open account."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        super().__init__(f"meter {meter.number} has no open account; open one first")


class OrderOpen(AccountError):
    """Another money order of this meter is being delivered."""

    def __init__(self, meter: Meter, command: Command) -> None:
        self.meter = meter
        self.command = command
        super().__init__(
            f"meter {meter.number}: an order is being delivered ({command.state}); wait for its end"
        )


class MeterOnHold(AccountError):
    """Money may not be sent to this meter until a person decides."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.reason = meter.hold_reason
        super().__init__(f"meter {meter.number} is on hold: {meter.hold_reason}")


class AmountRefused(AccountError):
    """The amount is no positive amount within the limits."""

    def __init__(self, amount_fen: int, amount_max_fen: int) -> None:
        self.amount_fen = amount_fen
        super().__init__(f"an amount is between 0.01 and {yuan(amount_max_fen)}")


class CustomerNameMissing(AccountError):
    """A customer needs a name."""

    def __init__(self) -> None:
        super().__init__("the customer's name is missing")


class TermRefused(AccountError):
    """A term of an opening is out of range; `term` is its name among the terms."""

    def __init__(self, term: str, reason: str) -> None:
        self.term = term
        super().__init__(f"{term.replace('_', ' ')} {reason}")


class AlarmsDoNotFit(AccountError):
    """Alarm amount 1 has to be above alarm amount 2, and that not below 0."""

    def __init__(self, alarm_1_fen: int, alarm_2_fen: int) -> None:
        self.alarms_fen = (alarm_1_fen, alarm_2_fen)
        super().__init__(
            f"alarm amounts {yuan(alarm_1_fen)} and {yuan(alarm_2_fen)}: 1 has to be above 2, and 2 not below 0"
        )
