"""One value with its name and unit, on a line of its own; it keeps the last value and greys it when it is old.

A label, not a table cell: a label repaints itself alone, which is a twelfth of the bytes on a slow line.
"""

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from prewatt_tui.columns import fit
from prewatt_tui.formatting import NOT_KNOWN

NAME_CELLS = 16


class ValueWidget(Widget):
    """Shows `label value unit`."""

    DEFAULT_CSS = """
    ValueWidget { height: 1; width: 1fr; }
    """

    value: reactive[str] = reactive(NOT_KNOWN)
    look: reactive[str] = reactive("")
    old: reactive[bool] = reactive(False)

    def __init__(self, label: str, unit: str = "", *, id: str | None = None) -> None:  # noqa: A002 - the name that every widget uses
        super().__init__(id=id)
        self._label = label
        self._unit = unit

    def render(self) -> Text:
        line = Text(no_wrap=True)
        line.append(f"{self._label:<{NAME_CELLS}}", "dim")
        shown = f"{self.value} {self._unit}" if self._unit and self.value != NOT_KNOWN else self.value
        line.append(fit(shown, max(1, self.size.width - NAME_CELLS)), "dim italic" if self.old else self.look)
        return line
