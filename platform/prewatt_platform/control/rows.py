"""Requests with rows: each row that is refused is named with its number and reason.

MeterTwice      a meter stands in two rows of one request
RowsRefused     rows that were refused; nothing was done
"""

from collections.abc import Sequence
from dataclasses import dataclass

from prewatt_platform.control.errors import ControlError


class MeterTwice(ControlError):
    """A meter has one row at most."""

    def __init__(self, meter_number: str) -> None:
        super().__init__(f"meter {meter_number} stands in an earlier row already")


@dataclass(frozen=True, slots=True)
class RowRefusal:
    """A row that was refused: its number from 0, the name of the error's type, and the reason."""

    row: int
    error: str
    message: str


class RowsRefused(ControlError):
    """Rows that were refused, each with its reason. Nothing was done."""

    def __init__(self, refusals: Sequence[RowRefusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__(f"{len(refusals)} rows were refused: {refusals[0].message}")
