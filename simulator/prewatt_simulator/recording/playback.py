"""Position of a replay in its recording. At the end it stays, or starts again."""

from typing import NamedTuple


class Position(NamedTuple):
    """A time in the recording."""

    round: int
    """Number of repetitions before."""
    at_us: int
    """Microseconds from the recording's start."""


class Playback:
    """Replay that starts at `start_s`, Unix seconds, and repeats after `length_us`; None: it does not repeat."""

    def __init__(self, start_s: float, length_us: int | None) -> None:
        self._start_s = start_s
        self._length_us = length_us

    @property
    def start_ms(self) -> int:
        """Start, Unix milliseconds."""
        return int(self._start_s * 1000)

    def position(self, now_s: float) -> Position:
        """Position at a time of the replay's clock, Unix seconds."""
        elapsed_us = round((now_s - self._start_s) * 1e6)
        if not self._length_us:
            return Position(0, elapsed_us)
        return Position(*divmod(elapsed_us, self._length_us))
