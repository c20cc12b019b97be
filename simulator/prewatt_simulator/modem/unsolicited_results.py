"""Unsolicited result codes, buffered while a line is being typed."""

from collections import deque
from typing import NamedTuple

NEWS_MAX = 64
"""News that waits; the oldest is lost first, as 3GPP TS 27.005 §3.4.1 allows."""


class _Item(NamedTuple):
    text: str
    by_mode: bool


class News:
    """Lines in their order. Those that are `by_mode` wait for AT+CNMI to let them out."""

    def __init__(self) -> None:
        self._waiting: deque[_Item] = deque(maxlen=NEWS_MAX)

    def tell(self, text: str, *, by_mode: bool) -> None:
        """There is news."""
        self._waiting.append(_Item(text, by_mode))

    def take(self, mode: int) -> list[str]:
        """Buffered results that may be sent now under a +CNMI <mode>."""
        texts = [item.text for item in self._waiting if mode or not item.by_mode]
        kept = [item for item in self._waiting if not mode and item.by_mode]
        self.clear()
        self._waiting.extend(kept)
        return texts

    def clear(self) -> None:
        """Nothing waits any more."""
        self._waiting.clear()
