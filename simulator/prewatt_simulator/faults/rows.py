"""Parses fault rules from rows of a site file and from `--fault` options. Every error names the key."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, get_args, get_type_hints

from prewatt_fixtures.bounds import SHOWN_MAX, Bound, shown
from prewatt_simulator.errors import FaultRuleError
from prewatt_simulator.faults.rule import BOUNDS, Fault, FaultKind


def fault_from(row: Mapping[str, Any]) -> Fault:
    """The fault in one `[[faults]]` row of a site file. Raises `FaultRuleError`, which names the key."""
    for key, value in row.items():
        if value is None:
            raise FaultRuleError(key, f"{_bound(key).expected}, not nothing")
        _bound(key)
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
            raise FaultRuleError(key[:SHOWN_MAX] or "rule", "key=value, such as kind=lose-reply")
        if key in row:
            raise FaultRuleError(key, "one value, not two")
        row[key] = _parsed(key, value)
    return fault_from(row)


def _parsed(key: str, value: str) -> Any:
    expected = _bound(key).expected
    try:
        return _PARSERS.get(key, str)(value)
    except ValueError:
        raise FaultRuleError(key, f"{expected}, not {shown(value)}") from None


def _bound(key: str) -> Bound[Any]:
    if key not in BOUNDS:
        raise FaultRuleError(key[:SHOWN_MAX], f"unknown key; known: {', '.join(sorted(BOUNDS))}")
    return BOUNDS[key]


def _whole(text: str) -> int:
    return int(text, 0)


def _parser(hint: Any) -> Callable[[str], Any]:
    types = get_args(hint) or (hint,)
    if datetime in types:
        return datetime.fromisoformat
    if int in types:
        return _whole
    return float if float in types else str


_PARSERS = {key: _parser(hint) for key, hint in get_type_hints(Fault).items() if key in BOUNDS}
