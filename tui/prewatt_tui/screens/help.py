"""Help: the bindings of the current screen, and the meaning of the states."""

from collections.abc import Sequence

from rich.table import Table
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Button, Static

from prewatt_tui import labels
from prewatt_tui.keys import Key
from prewatt_tui.language import tr
from prewatt_tui.screens.dialog import Dialog


class HelpScreen(Dialog[None]):
    """Lists keys and states."""

    def __init__(self, keys: Sequence[Key]) -> None:
        super().__init__()
        self.keys = keys

    def compose_body(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(tr("Keys"), classes="title")
            yield Static(self._key_table(), id="keys")
            yield Static(tr("States"), classes="title")
            yield Static(_state_table(), id="states")
        yield Button(tr("Close"), id="cancel", variant="primary")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def _key_table(self) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        for key in self.keys:
            table.add_row(key.key, key.name, key.does)
        return table


def _state_table() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for standing, (word, style) in labels.STANDING.items():
        table.add_row(f"[{style}]{word}[/]", labels.STANDING_MEANS[standing])
    return table
