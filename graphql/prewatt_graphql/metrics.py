"""Counters and gauges of this process in the Prometheus text format. Labels name no project, operator or meter."""

from collections import Counter, defaultdict
from collections.abc import Mapping

Labels = tuple[tuple[str, str], ...]

_HELP: Mapping[str, tuple[str, str]] = {
    "prewatt_operations_total": ("counter", "GraphQL operations by type."),
    "prewatt_errors_total": ("counter", "Top-level GraphQL errors by code."),
    "prewatt_sockets": ("gauge", "Open WebSocket connections."),
    "prewatt_subscriptions": ("gauge", "Running subscriptions."),
}


class Metrics:
    """Counters and gauges of one process."""

    def __init__(self) -> None:
        self._values: dict[str, Counter[Labels]] = defaultdict(Counter)

    def add(self, name: str, amount: int = 1, **labels: str) -> None:
        """Add to one value; `name` is a key of `_HELP`."""
        assert name in _HELP, name
        self._values[name][tuple(sorted(labels.items()))] += amount

    def value(self, name: str, **labels: str) -> int:
        """Present value."""
        return self._values[name][tuple(sorted(labels.items()))]

    def render(self) -> str:
        """All values in the Prometheus text format 0.0.4."""
        lines = []
        for name, (kind, words) in _HELP.items():
            lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]
            lines += [
                f"{name}{_braces(labels)} {count}" for labels, count in sorted(self._values[name].items())
            ]
        return "\n".join(lines) + "\n"


def _braces(labels: Labels) -> str:
    return "{" + ",".join(f'{key}="{value}"' for key, value in labels) + "}" if labels else ""
