"""Errors of tills.

TillError
    NothingToClose      nothing moved since the last closing
    TillsOpen           tills with money have to be closed before the day
    DayRefused          the day is over already, or has not come yet
"""

from datetime import date

from prewatt_platform.kernel.errors import PlatformError


class TillError(PlatformError):
    """Base of the errors of tills."""


class NothingToClose(TillError):
    """No money moved since the last closing."""

    def __init__(self) -> None:
        super().__init__("nothing moved since the last closing")


class TillsOpen(TillError):
    """Some tills hold money that was not handed over."""

    def __init__(self, tills: int) -> None:
        self.tills = tills
        super().__init__(f"{tills} tills were not closed; each operator closes their own till first")


class DayRefused(TillError):
    """The day cannot be closed."""

    def __init__(self, day: date, reason: str) -> None:
        self.day = day
        super().__init__(f"{day} {reason}")
