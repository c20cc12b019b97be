"""Errors of accounts and sales.

AccountError
    AlreadyOpened       the point has an account
    NotOpened           the point has no open account
    OrderOpen           a money order of this meter is on its way
    MeterOnHold         a person has to decide about this meter first; says why
    UnknownReceipt      no order of that receipt number
    NotCancellable      the order cannot be cancelled (any more); says why
    AmountRefused       not an amount within the limits
    OverHoardingLimit   the meter would hold more credit than the project allows
    NotRefundable       more than can be refunded; says how much can
    NotReversible       the sale cannot be reversed (any more); says why
    PolicyRefused       a rule of selling is out of range; names it
    PolicyChanged       somebody else changed the rules of selling meanwhile
    CustomerNameMissing a customer has a name
    TermRefused         a term of an opening is out of range; names the term
    UnknownOrder        no money order of that id
    NotDisputed         the order is not disputed, or cannot end that way
    OrderDisputed       a disputed order of this meter has to be resolved first
    NotOnHold           the meter is not on hold
    NoFreshReading      a decision needs a reading of the meter from now
    AlarmsDoNotFit      alarm amount 1 is above alarm amount 2, and neither is negative
"""

from datetime import datetime
from uuid import UUID

from prewatt_platform.accounts.models import Order
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


class UnknownReceipt(AccountError):
    """No order of this project has that receipt number."""

    def __init__(self, receipt_number: str) -> None:
        self.receipt_number = receipt_number
        super().__init__(f"no receipt {receipt_number}")


class NotCancellable(AccountError):
    """The order is over, or nobody can prove that the meter does not get it."""

    def __init__(self, order: Order, reason: str) -> None:
        self.order = order
        self.reason = reason
        super().__init__(f"order {order.receipt_number} cannot be cancelled: {reason}")


class AmountRefused(AccountError):
    """The amount is not within the limits."""

    def __init__(self, amount_fen: int, amount_min_fen: int, amount_max_fen: int) -> None:
        self.amount_fen = amount_fen
        super().__init__(f"an amount is between {yuan(amount_min_fen)} and {yuan(amount_max_fen)}")


class OverHoardingLimit(AccountError):
    """The meter would hold more credit than the project allows."""

    def __init__(self, meter: Meter, remaining_fen: int, limit_fen: int) -> None:
        self.meter = meter
        super().__init__(
            f"meter {meter.number} holds {yuan(remaining_fen)}; with this sale it would exceed the limit {yuan(limit_fen)}"
        )


class NotRefundable(AccountError):
    """The amount is more than the customer paid and did not use."""

    def __init__(self, meter: Meter, refundable_fen: int, read_at: datetime) -> None:
        self.meter = meter
        self.refundable_fen = refundable_fen
        super().__init__(
            f"meter {meter.number}: at most {yuan(refundable_fen)} can be refunded, as read at {read_at:%Y-%m-%d %H:%M} UTC"
        )


class NotReversible(AccountError):
    """The sale cannot be undone."""

    def __init__(self, order: Order, reason: str) -> None:
        self.order = order
        self.reason = reason
        super().__init__(f"sale {order.receipt_number} cannot be reversed: {reason}")


class PolicyRefused(AccountError):
    """A rule of selling is out of range; `rule` is its name."""

    def __init__(self, rule: str, reason: str) -> None:
        self.rule = rule
        super().__init__(f"{rule.replace('_', ' ')} {reason}")


class PolicyChanged(AccountError):
    """The rules of selling are not as they were when they were read."""

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(f"the rules of selling were changed meanwhile; they are version {version} now")


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
