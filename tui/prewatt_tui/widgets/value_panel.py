"""A framed group of figures."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from prewatt_tui.widgets.value_widget import ValueWidget


class ValuePanel(Vertical):
    """Shows figures under a title."""

    DEFAULT_CSS = """
    ValuePanel { height: auto; border: round $panel-lighten-2; border-title-color: $text-accent; padding: 0 1; }
    """

    def __init__(self, title: str, figures: Sequence[ValueWidget]) -> None:
        super().__init__()
        self.border_title = title
        self._figures = figures

    def compose(self) -> ComposeResult:
        yield from self._figures
