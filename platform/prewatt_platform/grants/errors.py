"""Errors of grants.

GrantError
    AllowanceGiven  the point has its allowance of that month
    MeterTwice      a meter stands in two rows of one request
    RowsRefused     rows that cannot be granted; nothing was granted
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from prewatt_platform.kernel.errors import PlatformError
from prewatt_platform.metering.models import Meter


class GrantError(PlatformError):
    """Base of the errors of grants."""


class AllowanceGiven(GrantError):
    """The meter's point has an allowance of that month, given or on its way."""

    def __init__(self, meter: Meter, month: date, receipt_number: str) -> None:
        self.meter = meter
        super().__init__(
            f"meter {meter.number} has its allowance of {month:%Y-%m} already (receipt {receipt_number})"
        )


class MeterTwice(GrantError):
    """A meter has one row at most: it takes one order at a time."""

    def __init__(self, meter_number: str) -> None:
        super().__init__(f"meter {meter_number} stands in an earlier row already")


@dataclass(frozen=True, slots=True)
class RowRefusal:
    """A row that was refused: its number, the name of the error's type, and the reason."""

    row: int
    error: str
    message: str


class RowsRefused(GrantError):
    """Rows that were refused, each with its reason. Nothing was granted."""

    def __init__(self, refusals: Sequence[RowRefusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__(f"{len(refusals)} rows were refused: {refusals[0].message}")
