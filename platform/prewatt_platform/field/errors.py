"""Errors of the field, and whether the meter may have applied the request.

FieldError
    UnknownModel            no profile describes the meter's model
    BusUnreachable          no connection: the request was never sent
    ExchangeFailed          the request was sent, and no usable answer came
        NoReply             silence until the time-out
        LinkLost            the connection broke while waiting
        MeterRefused        a Modbus exception; its code says what is known
        UnreadableReply     an answer to this very request whose content makes no sense
    ImplausibleReading      the meter's registers contradict each other

Money code asks `may_have_been_applied` and lists no types.
"""

from collections.abc import Mapping, Set
from enum import Enum
from typing import Final

from prewatt_fixtures.wire.pdu import READ_HOLDING, ExceptionCode
from prewatt_platform.field.messages import BusAddress, MeterAddress

RETRYABLE_CODES: Final[Set[int]] = frozenset({ExceptionCode.BUSY})
"""Nothing was done; the same request may be sent again."""

OUTCOME_UNKNOWN_CODES: Final[Set[int]] = frozenset(
    {ExceptionCode.ACKNOWLEDGE, ExceptionCode.GATEWAY_PATH, ExceptionCode.GATEWAY_TARGET}
)
"""The meter may have done it: still working on it, or its answer did not reach the gateway."""


class FieldError(Exception):
    """Root of everything the field raises on purpose."""

    may_have_been_applied = False
    """Whether the request that failed may have changed the meter. Reads never do."""


class UnknownModel(FieldError):
    """No profile describes the meter's model."""

    def __init__(self, meter: MeterAddress) -> None:
        super().__init__(f"meter {meter.number}: no profile of model {meter.model!r}")
        self.meter = meter


class BusUnreachable(FieldError):
    """There is no connection to the serial server; nothing was sent."""

    def __init__(self, bus: BusAddress, reason: str) -> None:
        super().__init__(f"bus {bus}: {reason}")
        self.bus = bus
        self.reason = reason


class ExchangeFailed(FieldError):
    """A request left for the meter and no usable answer came."""

    def __init__(self, meter: MeterAddress, function: int, what: str) -> None:
        super().__init__(
            f"meter {meter.number} (bus {meter.bus}, unit {meter.unit}), function {function:#04x}: {what}"
        )
        self.meter = meter
        self.function = function
        self.may_have_been_applied = function != READ_HOLDING


class NoReply(ExchangeFailed):
    """The meter was silent until the time-out."""

    def __init__(self, meter: MeterAddress, function: int, timeout_s: float) -> None:
        super().__init__(meter, function, f"no reply within {timeout_s} s")
        self.timeout_s = timeout_s


class LinkLost(ExchangeFailed):
    """The connection broke while the answer was awaited."""

    def __init__(self, meter: MeterAddress, function: int, reason: str) -> None:
        super().__init__(meter, function, f"connection lost: {reason}")
        self.reason = reason


class MeterRefused(ExchangeFailed):
    """The meter, or the gateway for it, answered with a Modbus exception."""

    def __init__(self, meter: MeterAddress, function: int, code: int) -> None:
        known = code in set(ExceptionCode)
        super().__init__(
            meter, function, f"exception {code:#04x} {ExceptionCode(code).name if known else 'unknown'}"
        )
        self.code = code
        self.retryable = code in RETRYABLE_CODES
        self.permanent = code not in RETRYABLE_CODES | OUTCOME_UNKNOWN_CODES
        """The same request will be refused again; a person has to look."""
        self.may_have_been_applied = self.may_have_been_applied and code in OUTCOME_UNKNOWN_CODES


class UnreadableReply(ExchangeFailed):
    """The answer belongs to the request and says something that no meter should say."""


class ImplausibleReading(FieldError):
    """The meter's registers contradict each other, however often they were read."""

    def __init__(self, meter: MeterAddress, what: str) -> None:
        super().__init__(f"meter {meter.number}: {what}")
        self.meter = meter
        self.what = what


class AnotherMaster(FieldError):
    """Another master asks on this bus, and its answers reach us: which answer was ours cannot be told."""

    def __init__(self, meter: MeterAddress) -> None:
        super().__init__(
            f"meter {meter.number}: another master on bus {meter.bus}: answers came that were not asked for here, and "
            "ours cannot be told from them; let one master only use this port of the serial server"
        )
        self.meter = meter


class ReadAgain(Enum):
    """When a read that failed is asked again."""

    NEVER = "never"
    AT_ONCE = "at once"
    """The time-out or the gateway's own wait was the pause."""
    AFTER_PAUSE = "after a pause"
    """After `FieldSettings.busy_wait_s`."""


READ_AGAIN_AFTER: Final[Mapping[type[FieldError], ReadAgain]] = {
    NoReply: ReadAgain.AT_ONCE,
    LinkLost: ReadAgain.AT_ONCE,
    UnreadableReply: ReadAgain.AT_ONCE,
    BusUnreachable: ReadAgain.NEVER,
    UnknownModel: ReadAgain.NEVER,
    ImplausibleReading: ReadAgain.NEVER,
    AnotherMaster: ReadAgain.NEVER,
}
"""Reads change nothing, so whatever may pass is asked again. An unreachable bus has a back-off of its own, and an
implausible reading, or one among another master's answers, was repeated already (`FieldSettings.evidence_attempts`).
"""

READ_AGAIN_AFTER_CODE: Final[Mapping[int, ReadAgain]] = {
    ExceptionCode.ILLEGAL_FUNCTION: ReadAgain.NEVER,
    ExceptionCode.ILLEGAL_ADDRESS: ReadAgain.NEVER,
    ExceptionCode.ILLEGAL_VALUE: ReadAgain.NEVER,
    ExceptionCode.ACKNOWLEDGE: ReadAgain.AFTER_PAUSE,
    ExceptionCode.BUSY: ReadAgain.AFTER_PAUSE,
    ExceptionCode.GATEWAY_PATH: ReadAgain.AT_ONCE,
    ExceptionCode.GATEWAY_TARGET: ReadAgain.AT_ONCE,
}
"""By Modbus exception; a gateway answers 0BH for a lost frame, a collision or a silent meter. Other codes: never."""


def read_again(failure: FieldError) -> ReadAgain:
    """Whether, and when, the read that failed is asked again."""
    if isinstance(failure, MeterRefused):
        return READ_AGAIN_AFTER_CODE.get(failure.code, ReadAgain.NEVER)
    return READ_AGAIN_AFTER[type(failure)]
