"""Where in a recording a replay is. At the end it holds, or begins again."""

from typing import NamedTuple


class Position(NamedTuple):
    """A moment of the recording."""

    round: int
    """How often it has begun again."""
    at_us: int
    """Microseconds from the recording's start."""


class Tape:
    """Begins at `start_s` of the replay's clock; `length_us` is after how long it begins again, None never."""

    def __init__(self, start_s: float, length_us: int | None) -> None:
        self._start_s = start_s
        self._length_us = length_us

    @property
    def start_ms(self) -> int:
        """When it began, Unix milliseconds."""
        return int(self._start_s * 1000)

    def position(self, now_s: float) -> Position:
        """Where the replay is at that time of its clock."""
        elapsed_us = round((now_s - self._start_s) * 1e6)
        if not self._length_us:
            return Position(0, elapsed_us)
        return Position(*divmod(elapsed_us, self._length_us))
