"""Parses fault rules from rows of a site file and from `--fault` options. Every error names the key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from prewatt_simulator.errors import FaultRuleError
from prewatt_simulator.faults.rule import Fault, FaultKind, named, types_of


def fault_from(row: Mapping[str, Any]) -> Fault:
    """The fault in one `[[faults]]` row of a site file. Raises `FaultRuleError`, which names the key."""
    for key, value in row.items():
        allowed = types_of(key)
        if value is None:
            raise FaultRuleError(key, f"{named(allowed)}, not nothing")
    if "kind" not in row:
        raise FaultRuleError("kind", f"one of {', '.join(FaultKind)}")
    return Fault(**row)


def fault_from_words(words: str) -> Fault:
    """The fault in text such as `kind=lose-reply,meter=0010010101,count=1`. Raises `FaultRuleError`.

    Whole numbers may be hexadecimal (0x20); times are ISO 8601 with an offset.
    """
    row: dict[str, Any] = {}
    for word in words.split(","):
        key, equals, value = (part.strip() for part in word.partition("="))
        if not equals:
            raise FaultRuleError(key, "key=value, such as kind=lose-reply")
        if key in row:
            raise FaultRuleError(key, "one value, not two")
        row[key] = _parsed(key, value)
    return fault_from(row)


def _parsed(key: str, value: str) -> Any:
    allowed = types_of(key)
    try:
        if datetime in allowed:
            return datetime.fromisoformat(value)
        if int in allowed and float not in allowed:
            return int(value, 0)
        return float(value) if float in allowed else value
    except ValueError:
        raise FaultRuleError(key, f"{named(allowed)}, not {value!r}") from None
