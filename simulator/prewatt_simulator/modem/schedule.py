"""Delayed actions of the modem, on a time passed in."""

import heapq
import itertools
from collections.abc import Callable

PENDING_MAX = 1000
"""Pending actions above which a schedule is full."""


class Schedule:
    """Actions by due time; those of equal times in the order of adding."""

    def __init__(self) -> None:
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    @property
    def next_due_s(self) -> float | None:
        """Due time of the next action; None without one."""
        return self._due[0][0] if self._due else None

    @property
    def full(self) -> bool:
        """Whether optional actions, such as reports, are to be dropped instead of added."""
        return len(self._due) >= PENDING_MAX

    def at(self, due_s: float, action: Callable[[], None]) -> None:
        """Add an action to run at `due_s`, Unix seconds."""
        heapq.heappush(self._due, (due_s, next(self._order), action))

    def run(self, now_s: float) -> None:
        """Run the actions due at `now_s`, including those that they add for then."""
        while self._due and self._due[0][0] <= now_s:
            heapq.heappop(self._due)[2]()
