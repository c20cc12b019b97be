"""Outcome of an exchange that a fault or wire timing affected: the rule, the time, the bytes that left.

The bus makes it, the gateway completes it, the journal keeps it. An exchange without either has none.
"""

from dataclasses import dataclass

from prewatt_simulator.faults import FaultHandle


@dataclass(slots=True, eq=False)
class ExchangeOutcome:
    """Outcome of one request and its reply."""

    fault: str | None = None
    """Name of the rule that hit."""
    hit: FaultHandle | None = None
    """The rule, when the gateway has to apply it to the reply frame."""
    held_s: float = 0.0
    """Seconds from the request's arrival on the bus to the reply's last character."""
    sent: tuple[bytes, ...] | None = None
    """The segments that left instead of one sound frame."""

    noise: bytes = b""
    """Bytes of a collision on the line. An RTU gateway passes them on."""

    @property
    def kind(self) -> str | None:
        """Kind of the fault that the gateway has to apply."""
        return None if self.hit is None else self.hit.fault.kind

    @property
    def takes_time(self) -> bool:
        """Whether the reply leaves later, or in segments some time apart."""
        return self.held_s > 0 or (self.hit is not None and bool(self.hit.fault.delay_s))
