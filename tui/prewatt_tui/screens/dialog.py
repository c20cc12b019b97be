"""What every dialog has: a frame over the page, a way out with `esc`, and an answer that is None when it was cancelled."""

from abc import abstractmethod
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from prewatt_tui.language import tr

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer | None]):
    """A question over a page; its Cancel button has the id `cancel`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", tr("Cancel"), tooltip=tr("close the dialog; nothing is sent")),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield from self.compose_body()

    @abstractmethod
    def compose_body(self) -> ComposeResult:
        """Widgets of the dialog."""
        ...

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)

    def tell(self, text: str) -> None:
        """Show an input error in the Static with the id `told`."""
        self.query_one("#told", Static).update(text)
