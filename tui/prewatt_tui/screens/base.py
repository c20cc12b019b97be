"""What every full screen has: the status line on top, the key hints at the bottom, and one way to report an error."""

from abc import abstractmethod
from typing import Any

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer

from prewatt_tui.errors import SignedOut, TerminalError
from prewatt_tui.messages import SessionEnded
from prewatt_tui.widgets.status_bar import Status, StatusBar


class FullScreen(Screen[Any]):
    """A screen between the status line and the key hints."""

    def compose(self) -> ComposeResult:
        yield StatusBar()
        yield from self.compose_body()
        yield Footer()

    @abstractmethod
    def compose_body(self) -> ComposeResult:
        """Widgets between the status line and the key line."""
        ...

    def on_mount(self) -> None:
        self.watch(self.app, "status", self._show_status)

    def _show_status(self, status: Status) -> None:
        self.query_one(StatusBar).status = status

    def action_reload(self) -> None:
        """Reload the screen; also called when the platform answers again after an outage."""

    def report(self, error: TerminalError) -> None:
        """Tell the operator about an error that has no better place on the screen."""
        if isinstance(error, SignedOut):
            self.post_message(SessionEnded(str(error)))
        else:
            self.notify(str(error), severity="error", markup=False)
