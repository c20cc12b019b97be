"""Unsolicited result codes, buffered while a line is being typed."""

from collections import deque
from typing import NamedTuple

RESULTS_MAX = 64
"""Results buffered; the oldest is lost first, as 3GPP TS 27.005 §3.4.1 allows."""


class _Item(NamedTuple):
    text: str
    by_mode: bool


class UnsolicitedResults:
    """Buffer of unsolicited results. Those that are `by_mode` wait for a +CNMI <mode> other than 0."""

    def __init__(self) -> None:
        self._waiting: deque[_Item] = deque(maxlen=RESULTS_MAX)

    def add(self, text: str, *, by_mode: bool) -> None:
        """Buffer a result."""
        self._waiting.append(_Item(text, by_mode))

    def take(self, mode: int) -> list[str]:
        """Remove and return the results that may be sent under a +CNMI <mode>."""
        texts = [item.text for item in self._waiting if mode or not item.by_mode]
        kept = [item for item in self._waiting if not mode and item.by_mode]
        self.clear()
        self._waiting.extend(kept)
        return texts

    def clear(self) -> None:
        """Drop all buffered results."""
        self._waiting.clear()
