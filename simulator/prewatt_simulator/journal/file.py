"""Writes a journal to a file while the farm runs, in the format of the file name's ending.

Entries wait for the second `write` after them, because the gateway completes an outcome only when the reply has left.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from prewatt_fixtures.endpoints import Framing
from prewatt_simulator.errors import SimulatorError
from prewatt_simulator.journal.export import json_line, text_line
from prewatt_simulator.journal.frames import Frame, frames
from prewatt_simulator.journal.journal import Journal, PortEvent, Record, entry_of
from prewatt_simulator.journal.pcapng import Capture

WRITE_EVERY_S = 0.5
"""Interval of writes while a farm serves, in real seconds."""

_Seen = Iterator[Frame | PortEvent]


class UnknownFormat(SimulatorError):
    """The file name's ending names no journal format."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: a journal's name ends with .txt, .jsonl or .pcapng")
        self.path = path


class JournalFile:
    """A journal file, overwritten when it exists, and the journal that it records.

    Raises `UnknownFormat`, and OSError when the file cannot be written.
    """

    def __init__(self, path: Path, framing: Framing) -> None:
        self._encode = _encoder(path, framing)
        self._fresh: list[Record | PortEvent] = []
        self._due: list[Record | PortEvent] = []
        self._file = path.open("wb")
        self.journal = Journal(tap=self._fresh.append)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, at: TracebackType | None
    ) -> None:
        with self._file:
            # twice: the first call writes what waited, the second what was recorded since
            self.write()
            self.write()

    def write(self) -> None:
        """Append the entries recorded before the previous call. Raises OSError."""
        due, self._due = self._due, self._fresh.copy()
        self._fresh.clear()
        self._file.writelines(self._encode(_seen(due)))
        self._file.flush()


def _seen(records: list[Record | PortEvent]) -> _Seen:
    for record in records:
        if isinstance(record, PortEvent):
            yield record
        else:
            yield from frames(entry_of(record))


def _encoder(path: Path, framing: Framing) -> Callable[[_Seen], Iterator[bytes]]:
    match path.suffix:
        case ".txt":
            return lambda seen: (f"{text_line(each)}\n".encode() for each in seen)
        case ".jsonl":
            return lambda seen: (f"{json_line(each)}\n".encode() for each in seen)
        case ".pcapng":
            return Capture(framing).blocks
        case _:
            raise UnknownFormat(path)
