"""One RS-485 line from its devices' side: speed, parity, and the attached devices."""

from collections.abc import Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar


class OnSegment(Protocol):
    """A device that knows the segment to which it is attached."""

    segment: Any


Device = TypeVar("Device", bound=OnSegment)


class Segment(Generic[Device]):
    """Speed in baud, parity N, E or O, and the attached devices."""

    def __init__(self, baud: int = 9600, parity: str = "N", devices: Iterable[Device] = ()) -> None:
        self.baud = baud
        self.parity = parity
        self.on_port_set: Callable[[], None] = lambda: None
        """Called after an attached device was set to another address, speed or parity."""
        self.devices = tuple(devices)
        for device in self.devices:
            device.segment = self
