"""Errors of price plans.

TariffError
    PlanRefused         terms that no plan can have; names the key and what is expected
    PlanNameTaken       the project has a plan of that name
    UnknownPlan         no plan of that id in this project
    VersionInThePast    a version would begin before now, or before the one before it
    NotDownloadable     the meter cannot be given the prices of a plan; carries the reason
    TargetRefused       the plan cannot be assigned there; carries the reason
"""

from datetime import datetime
from uuid import UUID

from prewatt_platform.kernel.errors import PlatformError


class TariffError(PlatformError):
    """Base of the errors of price plans."""


class PlanRefused(TariffError):
    """Terms that no plan can have. `key` is the value's name in the API."""

    def __init__(self, key: str, expected: str) -> None:
        self.key = key
        self.expected = expected
        super().__init__(f"{key}: expected {expected}")


class PlanNameTaken(TariffError):
    """A project's plans have different names."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is a price plan {name} already")


class UnknownPlan(TariffError):
    """No such plan in this project."""

    def __init__(self, plan: UUID | str) -> None:
        self.plan = plan
        super().__init__("no such price plan")


class VersionInThePast(TariffError):
    """What was charged already cannot change: versions and assignments begin now or later, each after the one before."""

    def __init__(self, begins: datetime, earliest: datetime) -> None:
        self.begins = begins
        self.earliest = earliest
        super().__init__(
            f"it would begin {begins.isoformat()}, but may not begin before {earliest.isoformat()}"
        )


class NotDownloadable(TariffError):
    """The meter cannot be given the prices of its plan."""

    def __init__(self, meter_number: str, reason: str) -> None:
        self.meter_number = meter_number
        super().__init__(f"meter {meter_number} cannot be given the prices of a plan: {reason}")


class TargetRefused(TariffError):
    """The plan cannot be assigned to that place."""

    def __init__(self, key: str, reason: str) -> None:
        self.key = key
        super().__init__(f"{key}: {reason}")
