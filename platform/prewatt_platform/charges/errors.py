"""Errors of charged fees.

ChargeError
    NoEnergyAt      a meter has no reading from which its use in the period follows
    WeightRefused   a weight is missing, negative or too large
    UnknownDocument no fees were charged under that document
    ChargesNotReversible  the fees of a document cannot be undone (any more); says why
"""

from datetime import datetime

from prewatt_platform.kernel.errors import PlatformError
from prewatt_platform.metering.models import Meter


class ChargeError(PlatformError):
    """Base of the errors of charged fees."""


class NoEnergyAt(ChargeError):
    """No fresh reading at or before an instant, or energy that fell between two."""

    def __init__(self, meter: Meter, at: datetime) -> None:
        self.meter = meter
        super().__init__(
            f"meter {meter.number}: its use since {at:%Y-%m-%d %H:%M} UTC does not follow from its readings; give weights instead"
        )


class WeightRefused(ChargeError):
    """A weight is missing or not within its bounds, both in 0.01."""

    def __init__(self, weight: int | None, weight_max: int) -> None:
        self.weight = weight
        given = "is missing" if weight is None else f"{weight / 100:.2f} is out of range"
        super().__init__(f"the weight {given}: it is between 0 and {weight_max / 100:.2f}")


class UnknownDocument(ChargeError):
    """No fees of this project have that document."""

    def __init__(self, document: str) -> None:
        self.document = document
        super().__init__(f"no charged fees with document {document}")


class ChargesNotReversible(ChargeError):
    """The fees of a document cannot be undone."""

    def __init__(self, document: str, reason: str) -> None:
        self.document = document
        super().__init__(f"the fees of {document} cannot be reversed: {reason}")
