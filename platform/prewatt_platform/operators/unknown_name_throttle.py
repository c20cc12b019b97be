"""Wrong sign-ins with names that nobody has: they are made to wait like anybody's, so that a wait tells nothing.

Kept in this process and bounded; what is forgotten was not tried for longer than the others.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

NAMES_MAX = 10_000


@dataclass(slots=True)
class UnknownName:
    """What an operator's row keeps of wrong passwords, for a name without one."""

    failures: int = 0
    failed_at: datetime | None = None


class UnknownNameThrottle:
    """The names that were tried last and that nobody has."""

    def __init__(self) -> None:
        self._by_name: OrderedDict[str, UnknownName] = OrderedDict()

    def of(self, name: str) -> UnknownName:
        """What is known of that name."""
        return self._by_name.get(name, UnknownName())

    def failed(self, name: str, at: datetime) -> None:
        """Note one more wrong sign-in."""
        known = self._by_name.setdefault(name, UnknownName())
        known.failures += 1
        known.failed_at = at
        self._by_name.move_to_end(name)
        if len(self._by_name) > NAMES_MAX:
            self._by_name.popitem(last=False)
