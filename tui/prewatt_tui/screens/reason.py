"""The form for a reason, where nothing else is asked."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Input, Label, Static

from prewatt_tui.errors import BadInput
from prewatt_tui.language import tr
from prewatt_tui.screens.dialog import Dialog


def read_reason(text: str) -> str:
    """The reason without blanks around it. Raises `BadInput` when there is none."""
    if not text.strip():
        raise BadInput(tr("A reason is needed: it is kept with the record."))
    return text.strip()


class ReasonScreen(Dialog[str]):
    """Asks why."""

    def __init__(self, title: str, facts: str) -> None:
        super().__init__()
        self._title = title
        self._facts = facts

    def compose_body(self) -> ComposeResult:
        yield Static(self._title, classes="title", markup=False)
        yield Static(self._facts, classes="subject", markup=False)
        yield Label(tr("Reason, kept with the record"))
        yield Input(id="reason")
        yield Static(id="told", classes="told", markup=False)
        with Horizontal(classes="buttons"):
            yield Button(tr("Cancel"), id="cancel")
            yield Button(tr("Go on"), id="go", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#reason").focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#go")
    def _go_on(self) -> None:
        try:
            reason = read_reason(self.query_one("#reason", Input).value)
        except BadInput as error:
            self.tell(str(error))
        else:
            self.dismiss(reason)
