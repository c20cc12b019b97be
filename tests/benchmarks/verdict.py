"""One goal, what was measured of it, and whether it was met."""

from typing import Literal, NamedTuple


class Verdict(NamedTuple):
    """A figure beside its goal."""

    what: str
    measured: float
    relation: Literal["at most", "at least"]
    goal: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the goal was reached."""
        return self.measured <= self.goal if self.relation == "at most" else self.measured >= self.goal

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        word = "ok" if self.met else "MISSED"
        return f"{word:7}{self.what}: {self.measured:.4g}{unit}, {self.relation} {self.goal:.4g}{unit}"
