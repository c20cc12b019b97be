"""Errors of accounts and sales.

AccountError
    AlreadyOpened       the point has an account
    NotOpened           the point has no open account
    OrderOpen           a money order of this meter is on its way
    MeterOnHold         a person has to decide about this meter first; says why
    AmountRefused       not a positive amount within the limits
    CustomerNameMissing a customer has a name
    TermRefused         a term of an opening is out of range; names the term
    UnknownOrder        no money order of that id
    NotDisputed         the order is not disputed, or cannot end that way
    OrderDisputed       a disputed order of this meter has to be resolved first
    NotOnHold           the meter is not on hold
    NoFreshReading      a decision needs a reading of the meter from now
    ReasonMissing       a decision needs a reason
    AlarmsDoNotFit      alarm amount 1 is above alarm amount 2, and neither is negative
"""

from uuid import UUID

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


class UnknownOrder(AccountError):
    """No money order of this project has that id."""

    def __init__(self, order: UUID | str) -> None:
        self.order = order
        super().__init__("this project has no money order of that id")


class NotDisputed(AccountError):
    """The order is in a state that no person has to end, or cannot end that way."""

    def __init__(self, command: Command) -> None:
        self.command = command
        super().__init__(
            f"only a disputed order is resolved, and an opening only as not delivered; it is {command.state}"
        )


class OrderDisputed(AccountError):
    """A disputed order of the meter waits for its resolution."""

    def __init__(self, meter: Meter, command: Command) -> None:
        self.meter = meter
        self.command = command
        super().__init__(f"meter {meter.number} has a disputed order; resolve it first")


class NotOnHold(AccountError):
    """The meter is not on hold, so there is nothing to confirm."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        super().__init__(f"meter {meter.number} is not on hold")


class NoFreshReading(AccountError):
    """The decision needs registers of now."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        super().__init__(
            f"meter {meter.number} was not read just now; refresh it, look at its registers, and decide"
        )


class ReasonMissing(AccountError):
    """A decision of a person is kept with its reason."""

    def __init__(self, length_max: int) -> None:
        super().__init__(f"a reason is needed, of at most {length_max} characters")


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
