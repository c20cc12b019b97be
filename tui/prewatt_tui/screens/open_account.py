"""The form for an account: whose it is."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Input, Label, Static

from prewatt_tui.language import tr
from prewatt_tui.models.meter import MeterDetail
from prewatt_tui.screens.dialog import Dialog


class OpenAccountScreen(Dialog[tuple[str, str | None]]):
    """Asks for the customer's name and telephone; answers with both, the telephone may be missing."""

    def __init__(self, meter: MeterDetail) -> None:
        super().__init__()
        self._meter = meter

    def compose_body(self) -> ComposeResult:
        yield Static(
            tr("Open an account on {number}  {place}", number=self._meter.number, place=self._meter.place),
            classes="title",
            markup=False,
        )
        yield Label(tr("Customer"))
        yield Input(id="customer")
        yield Label(tr("Telephone (may stay empty)"))
        yield Input(id="phone")
        yield Static(id="told", classes="told", markup=False)
        with Horizontal(classes="buttons"):
            yield Button(tr("Cancel"), id="cancel")
            yield Button(tr("Go on"), id="go", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#customer").focus()

    @on(Input.Submitted, "#customer")
    def _next_field(self) -> None:
        self.query_one("#phone").focus()

    @on(Input.Submitted, "#phone")
    @on(Button.Pressed, "#go")
    def _go_on(self) -> None:
        customer = self.query_one("#customer", Input).value.strip()
        if not customer:
            self.tell(tr("An account needs the customer's name."))
            self.query_one("#customer").focus()
        else:
            self.dismiss((customer, self.query_one("#phone", Input).value.strip() or None))
