"""Numbers of journal entries, so that a client can read the entries after the last it saw.

The journal does not number entries, because recording is on the farm's busiest path. Each reading finds the entry that
was the newest at the last reading and numbers the rest from there. Numbers only rise; a gap means that entries were
dropped in between, by the journal's bound or by clearing.
"""

from prewatt_simulator.journal.journal import Journal, Record

_REQUEST = 4


class Numbering:
    """Numbering of one journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._newest: Record | None = None
        self._newest_at = -1
        self._number = 0

    def numbered(self) -> list[tuple[int, Record]]:
        """All records of the journal, oldest first, each with its number, from 1."""
        records = self._journal.records()
        first = self._first(records)
        if records:
            self._newest, self._newest_at = records[-1], len(records) - 1
            self._number = first + self._newest_at
        return list(enumerate(records, first))

    def _first(self, records: list[Record]) -> int:
        """Number of the oldest record."""
        if self._newest is None:
            return 1
        # The former newest record can only have moved towards the start: the deque drops records there.
        for at in range(min(self._newest_at, len(records) - 1), -1, -1):
            if _is_same(records[at], self._newest):
                return self._number - at
        return self._number + 2  # it was dropped: leave a gap of at least one number


def _is_same(one: Record, other: Record) -> bool:
    """Whether two records are of one request. The place is not compared: it changes with bus addresses."""
    return one[_REQUEST] is other[_REQUEST] and one[0] == other[0] and one[2:4] == other[2:4]
