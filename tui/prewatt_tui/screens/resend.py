"""What to do about a request that got no answer: send the same one again, leave it for later, or give it up."""

from typing import Literal

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Static

from prewatt_tui.confirmations import Confirmation
from prewatt_tui.language import tr
from prewatt_tui.screens.dialog import Dialog


class ResendScreen(Dialog[Literal["send", "forget"]]):
    """Asks about an unanswered request; None leaves it as it is."""

    def __init__(self, question: Confirmation, why: str = "") -> None:
        super().__init__()
        self._question = question
        self._why = why

    def compose_body(self) -> ComposeResult:
        asked = self._question
        yield Static(tr("No answer came"), classes="title", markup=False)
        yield Static(
            tr(
                "meter {meter_number}  {place}\n{action}",
                meter_number=asked.meter_number,
                place=asked.place,
                action=asked.action,
            ),
            classes="subject",
            markup=False,
        )
        yield Static(
            tr(
                "{why}\nWhether the platform took this request is not known. Sent again it is the same request: the platform carries it out once. Given up, it may still have been carried out: look at the purchase count before a new one.",
                why=self._why,
            ),
            classes="warning",
            markup=False,
        )
        with Horizontal(classes="buttons"):
            yield Button(tr("Later"), id="cancel", variant="primary")
            yield Button(tr("Send the same again"), id="send")
            yield Button(tr("Give up"), id="forget", variant="error")

    def on_mount(self) -> None:
        self.query_one("#cancel").focus()

    @on(Button.Pressed, "#send")
    def _send(self) -> None:
        self.dismiss("send")

    @on(Button.Pressed, "#forget")
    def _forget(self) -> None:
        self.dismiss("forget")
