"""Parses fault rules from rows of a site file and from `--fault` options. Every error names the key."""

import types
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, get_args, get_type_hints

from prewatt_simulator.errors import FaultRuleError
from prewatt_simulator.faults.rule import Fault, FaultKind


def fault_from(row: Mapping[str, Any]) -> Fault:
    """The fault in one `[[faults]]` row of a site file. Raises `FaultRuleError`, which names the key."""
    for key, value in row.items():
        allowed = _types(key)
        if not isinstance(value, allowed) or isinstance(value, bool):
            raise FaultRuleError(key, f"{_named(allowed)}, not {value!r}")
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
    allowed = _types(key)
    try:
        if datetime in allowed:
            return datetime.fromisoformat(value)
        if int in allowed and float not in allowed:
            return int(value, 0)
        return float(value) if float in allowed else value
    except ValueError:
        raise FaultRuleError(key, f"{_named(allowed)}, not {value!r}") from None


def _types(key: str) -> tuple[type, ...]:
    try:
        return _TYPES[key]
    except KeyError:
        raise FaultRuleError(key, f"unknown key; known: {', '.join(sorted(_TYPES))}") from None


def _named(allowed: tuple[type, ...]) -> str:
    return " or ".join(each.__name__ for each in allowed)


def _plain(hint: Any) -> tuple[type, ...]:
    # `X | None` becomes X: a row leaves a key out instead of naming None; a whole number is a float too
    plain = {str if each is FaultKind else each for each in get_args(hint) or (hint,)} - {types.NoneType}
    return tuple(sorted(plain | {int} if float in plain else plain, key=lambda each: each.__name__))


_TYPES = {
    name: _plain(hint)
    for name, hint in get_type_hints(Fault).items()
    if name in {f.name for f in fields(Fault)}
}
