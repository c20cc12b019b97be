"""Named rules that make the field misbehave: where, when, what.

`rule` says what can be wanted, `force` which rule strikes which frame, `rows` reads rules from files and words, `wire`
is what happens to bytes, `device` what happens to a meter. Losing, delaying and refusing is done by the bus, dropping
clients by the gateway.
"""

from prewatt_simulator.faults.active import FaultHandle, Faults, FaultTargets
from prewatt_simulator.faults.rows import fault_from, fault_from_words
from prewatt_simulator.faults.rule import Fault, FaultKind

__all__ = ["Fault", "FaultHandle", "FaultKind", "FaultTargets", "Faults", "fault_from", "fault_from_words"]
