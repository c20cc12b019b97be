"""Interface of a device attached to a bus: a simulated or a recorded one."""

from collections.abc import Sequence
from typing import Protocol


class Span(Protocol):
    """Registers of one value."""

    @property
    def address(self) -> int:
        """Address of the first register."""
        ...

    @property
    def end(self) -> int:
        """Address after the last register."""
        ...


class Device(Protocol):
    """A device that answers request PDUs."""

    number: str
    settled_ms: int
    """Time up to which its state is computed, Unix milliseconds."""

    @property
    def model(self) -> str:
        """Model name for messages."""
        ...

    def receive(self, pdu: bytes, now_s: float) -> bytes:
        """Reply PDU to a request PDU at `now_s`, Unix seconds. Never raises."""
        ...

    def rows_written(self, address: int, count: int) -> Sequence[Span] | None:
        """Values that a write of `count` registers covers, in order; None when it covers a gap or a part of a value."""
        ...
