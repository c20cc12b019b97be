"""Throttles sign-ins for unknown names exactly like those for known ones, so the delay does not reveal which names exist.

Kept in memory of this process, for the `NAMES_MAX` names tried last: the name tried longest ago is forgotten first.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

NAMES_MAX = 10_000
"""Bounds the memory that a flood of invented names can use."""


@dataclass(slots=True)
class UnknownName:
    """Failure count and time of an unknown name, as an operator's row keeps them."""

    failures: int = 0
    failed_at: datetime | None = None


class UnknownNameThrottle:
    """Bounded record of the unknown names tried last."""

    def __init__(self) -> None:
        self._by_name: OrderedDict[str, UnknownName] = OrderedDict()

    def of(self, name: str) -> UnknownName:
        """Failures of a name; zero failures when it is not recorded."""
        return self._by_name.get(name, UnknownName())

    def failed(self, name: str, at: datetime) -> None:
        """Count a failed sign-in."""
        known = self._by_name.setdefault(name, UnknownName())
        known.failures += 1
        known.failed_at = at
        self._by_name.move_to_end(name)
        if len(self._by_name) > NAMES_MAX:
            self._by_name.popitem(last=False)
