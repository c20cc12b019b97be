"""Delayed actions of the modem, on a time passed in."""

import heapq
import itertools
from collections.abc import Callable

LATER_MAX = 1000
"""Things that may wait at the same time before a schedule calls itself full."""


class Schedule:
    """Actions in the order of their due times; of equal times, in the order in which they were added."""

    def __init__(self) -> None:
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    @property
    def next_due_s(self) -> float | None:
        """When the next action is due."""
        return self._due[0][0] if self._due else None

    @property
    def full(self) -> bool:
        """Whether no more should be added that the modem can do without."""
        return len(self._due) >= LATER_MAX

    def at(self, due_s: float, action: Callable[[], None]) -> None:
        """Have `action` done at `due_s`."""
        heapq.heappush(self._due, (due_s, next(self._order), action))

    def run(self, now_s: float) -> None:
        """Run the due actions."""
        while self._due and self._due[0][0] <= now_s:
            heapq.heappop(self._due)[2]()
