"""What a bus and its faults may ask of whatever hangs there: a simulated meter, or one that was recorded."""

from collections.abc import Sequence
from typing import Protocol


class Span(Protocol):
    """Registers that belong together."""

    @property
    def address(self) -> int:
        """The first."""
        ...

    @property
    def end(self) -> int:
        """The one behind the last."""
        ...


class Device(Protocol):
    """Hears requests and answers them."""

    number: str
    settled_ms: int
    """Up to when its registers have lived, in Unix milliseconds."""

    @property
    def model(self) -> str:
        """What it is called in words for people."""
        ...

    def receive(self, pdu: bytes, now_s: float) -> bytes:
        """The reply to a request that reached it; never raises."""
        ...

    def rows_written(self, address: int, count: int) -> Sequence[Span] | None:
        """What a write of `count` registers covers exactly, in order; None when it hits a gap or half a value."""
        ...
