"""Numbers of journal entries, so that a client can ask for entries after the last it saw.

The journal itself counts nothing, because recording is the farm's busiest moment. Whenever it is looked at, what was
the newest then is found again and the rest is numbered from there; numbers only rise, and a gap means that entries
were lost in between, by its bound or by clearing.
"""

from prewatt_simulator.journal.journal import Journal, Record

_REQUEST = 4


class Numbering:
    """Of one journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._newest: Record | None = None
        self._newest_at = -1
        self._number = 0

    def numbered(self) -> list[tuple[int, Record]]:
        """All that the journal holds, oldest first, each with its number, from 1."""
        records = self._journal.records()
        first = self._first(records)
        if records:
            self._newest, self._newest_at = records[-1], len(records) - 1
            self._number = first + self._newest_at
        return list(enumerate(records, first))

    def _first(self, records: list[Record]) -> int:
        """The number of the oldest. What was newest can only have moved towards the oldest since."""
        if self._newest is None:
            return 1
        for at in range(min(self._newest_at, len(records) - 1), -1, -1):
            if _is_same(records[at], self._newest):
                return self._number - at
        return self._number + 2


def _is_same(one: Record, other: Record) -> bool:
    """Whether it is one request: a journal may have come to tell its place in other words."""
    return one[_REQUEST] is other[_REQUEST] and one[0] == other[0] and one[2:4] == other[2:4]
