"""Errors of grants.

GrantError
    AllowanceGiven  the point has its allowance of that month
"""

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
