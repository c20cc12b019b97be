"""Errors of the ledger.

LedgerError
    LinesRefused    lines that are no valid transfer; a fault in the calling code, nothing is written
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from prewatt_platform.kernel.errors import PlatformError

if TYPE_CHECKING:
    from prewatt_platform.ledger.rules import Line


class LedgerError(PlatformError):
    """Base of the ledger's errors."""


class LinesRefused(LedgerError):
    """Lines that double entry does not allow, with the reason."""

    def __init__(self, lines: Sequence[Line], reason: str) -> None:
        self.lines = tuple(lines)
        self.reason = reason
        listed = ", ".join(f"{line.account.kind} {line.account.owner} {line.amount_fen:+d}" for line in lines)
        super().__init__(f"{reason}: {listed or 'no lines'}")
