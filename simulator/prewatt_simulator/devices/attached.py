"""Interface of a device attached to a bus: a simulated or a recorded one."""

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
        """Model name for messages."""
        ...

    def receive(self, pdu: bytes, now_s: float) -> bytes:
        """The reply to a request that reached it; never raises."""
        ...

    def rows_written(self, address: int, count: int) -> Sequence[Span] | None:
        """Values that a write of `count` registers covers exactly, in order; None when it hits a gap or half a value."""
        ...
