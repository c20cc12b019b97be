"""The numbers that the field works by, as one frozen object."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldSettings:
    """Time-outs of the wire are seconds of the event loop, see `master`; the other waits are seconds of the clock."""

    timeout_s: float = 1.5
    """How long a meter may take to answer. Sites with slow meters take 3 (public site configuration, DTSD1352-C)."""
    connect_timeout_s: float = 3.0
    read_retries: int = 1
    """How often a read is asked again. Writes are never sent twice."""
    busy_wait_s: float = 0.3
    """The wait before a busy meter is asked again."""
    evidence_attempts: int = 3
    """How often a reading is taken until its copies of the purchase count agree."""
    reconnect_first_s: float = 0.5
    """How long an unreachable bus is left alone; doubles with every failure."""
    reconnect_max_s: float = 30.0
