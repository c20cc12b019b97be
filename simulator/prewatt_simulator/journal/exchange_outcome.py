"""How one exchange went when it did not simply go: which rule touched it, how long it took, which bytes left.

The bus makes one, the gateway completes it, the journal keeps it. An exchange that nothing touched has none.
"""

from dataclasses import dataclass

from prewatt_simulator.faults import FaultHandle


@dataclass(slots=True, eq=False)
class ExchangeOutcome:
    """Of one request and its reply."""

    fault: str | None = None
    """Name of the rule that touched it."""
    hit: FaultHandle | None = None
    """The rule, when there is still something for the gateway to do."""
    held_s: float = 0.0
    """How long after the request had reached the bus the reply's last character leaves."""
    sent: tuple[bytes, ...] | None = None
    """The segments that left instead of one sound frame."""

    noise: bytes = b""
    """What went over the line instead of a frame; a gateway that passes bytes on passes this on."""

    @property
    def kind(self) -> str | None:
        """Of the fault that the gateway still has to carry out."""
        return None if self.hit is None else self.hit.fault.kind

    @property
    def takes_time(self) -> bool:
        """Whether the reply leaves later, or bit by bit."""
        return self.held_s > 0 or (self.hit is not None and bool(self.hit.fault.delay_s))
