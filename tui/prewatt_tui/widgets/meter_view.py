"""All values of one meter in framed groups, side by side where there is room; old values stay, greyed."""

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll

from prewatt_tui.meter_lines import LEFT, RIGHT, Line, Panel, View
from prewatt_tui.models.meter import MeterDetail
from prewatt_tui.widgets.value_panel import ValuePanel
from prewatt_tui.widgets.value_widget import ValueWidget


class MeterView(VerticalScroll):
    """Shows a meter; `show` repaints only what changed."""

    DEFAULT_CSS = """
    MeterView { height: 1fr; }
    MeterView Horizontal { height: auto; }
    MeterView .column { height: auto; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._figures: list[tuple[Line, ValueWidget]] = []

    def compose(self) -> ComposeResult:
        with Horizontal():
            for panels in (LEFT, RIGHT):
                with Vertical(classes="column"):
                    yield from self._panels(panels)

    def show(self, meter: MeterDetail, view: View, *, old: bool) -> None:
        """Show the meter; `old` greys its live values."""
        for line, figure in self._figures:
            figure.value = line.text(meter, view)
            figure.look = line.look(meter)
            figure.old = old and line.live

    def _panels(self, panels: tuple[Panel, ...]) -> Iterator[ValuePanel]:
        for panel in panels:
            figures = [ValueWidget(line.label, line.unit) for line in panel.lines]
            self._figures.extend(zip(panel.lines, figures, strict=True))
            yield ValuePanel(panel.title, figures)
