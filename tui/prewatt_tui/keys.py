"""The table of keys, made from the bindings: for the help on the screen and for the handbook."""

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import ActiveBinding, Binding


@dataclass(frozen=True, slots=True)
class Key:
    """One action: its key as it is printed, its name, and what it does."""

    key: str
    name: str
    does: str


_PRINTED = {"slash": "/", "question_mark": "?", "escape": "esc", "f1": "F1"}


def printed(key: str) -> str:
    """A key as people write it."""
    return _PRINTED.get(key, key)


def keys_of(bindings: Iterable[object]) -> list[Key]:
    """The actions of a class's BINDINGS, several keys for one action on one line."""
    return [
        Key(", ".join(map(printed, binding.key.split(","))), binding.description, binding.tooltip)
        for binding in bindings
        if isinstance(binding, Binding) and binding.description
    ]


def active_keys(bindings: Iterable[ActiveBinding]) -> list[ActiveBinding]:
    """The actions that work just now, each once, in the order in which their owners list them."""
    seen: dict[str, ActiveBinding] = {}
    for active in bindings:
        if active.enabled and active.binding.description and active.binding.tooltip:
            seen.setdefault(active.binding.action, active)
    return list(seen.values())
