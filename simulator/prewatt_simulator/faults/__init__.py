"""Fault rules: where, when and what goes wrong in the field.

`rule` defines a rule, `active` matches rules to frames, `rows` parses rules from files and text, `wire` changes bytes,
`device` changes meters. The bus loses, delays and refuses frames; the gateway drops clients.
"""

from prewatt_simulator.faults.active import FaultHandle, Faults, FaultTargets
from prewatt_simulator.faults.rows import fault_from, fault_from_words
from prewatt_simulator.faults.rule import Fault, FaultKind

__all__ = ["Fault", "FaultHandle", "FaultKind", "FaultTargets", "Faults", "fault_from", "fault_from_words"]
