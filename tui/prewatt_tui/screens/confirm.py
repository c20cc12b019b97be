"""The question before something is sent to a meter.

Cancel has the focus, so Enter alone never confirms: the operator types the end of the meter's number, which wakes the
other button, and presses that.
"""

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Input, Label, Static

from prewatt_tui.confirmations import TYPED_CHARACTERS, Confirmation
from prewatt_tui.language import tr
from prewatt_tui.screens.dialog import Dialog


class ConfirmScreen(Dialog[bool]):
    """Asks one question; True only after the end of the meter's number was typed."""

    def __init__(self, question: Confirmation) -> None:
        super().__init__()
        self._question = question

    def compose_body(self) -> ComposeResult:
        asked = self._question
        yield Static(asked.action, classes="title", markup=False)
        yield Static(
            tr("meter {meter_number}  {place}", meter_number=asked.meter_number, place=asked.place),
            classes="subject",
            markup=False,
        )
        yield Static(_changes(asked))
        if asked.warning:
            yield Static(asked.warning, classes="warning", markup=False)
        yield Label(
            tr(
                "Type the last {typed_characters} characters of the meter number to go on:",
                typed_characters=TYPED_CHARACTERS,
            )
        )
        yield Input(id="typed", max_length=TYPED_CHARACTERS)
        with Horizontal(classes="buttons"):
            yield Button(tr("Cancel"), id="cancel", variant="primary")
            yield Button(asked.button, id="confirm", variant="error", disabled=True)

    def on_mount(self) -> None:
        self.query_one("#cancel").focus()

    @on(Input.Changed)
    def _wake(self) -> None:
        self.query_one("#confirm", Button).disabled = not self._typed_right()

    @on(Input.Submitted)
    def _move_on(self) -> None:
        if self._typed_right():
            self.query_one("#confirm").focus()

    @on(Button.Pressed, "#confirm")
    def _confirm(self) -> None:
        self.dismiss(self._typed_right())

    def _typed_right(self) -> bool:
        return self.query_one("#typed", Input).value.casefold() == self._question.to_type.casefold()


def _changes(question: Confirmation) -> Text:
    """Before and after, side by side."""
    wide = max(len(change.what) for change in question.changes)
    lines = (f"{change.what:<{wide}}  {change.before} -> {change.after}" for change in question.changes)
    return Text("\n".join(lines))
