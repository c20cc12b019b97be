"""The form for a refund: amount and reason."""

from decimal import Decimal

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Input, Label, Static

from prewatt_tui import formatting
from prewatt_tui.amounts import read_amount
from prewatt_tui.errors import BadInput
from prewatt_tui.language import tr
from prewatt_tui.models.meter import MeterDetail
from prewatt_tui.screens.dialog import Dialog
from prewatt_tui.screens.reason import read_reason


class RefundScreen(Dialog[tuple[Decimal, str]]):
    """Asks how much to take back and why; answers with both."""

    def __init__(self, meter: MeterDetail, currency: str) -> None:
        super().__init__()
        self._meter = meter
        self._currency = currency

    def compose_body(self) -> ComposeResult:
        meter = self._meter
        yield Static(
            tr("Refund from {number}  {place}", number=meter.number, place=meter.place),
            classes="title",
            markup=False,
        )
        yield Static(
            tr(
                "{value}\nremaining {money}",
                value=meter.customer or "",
                money=formatting.money(meter.balance),
            ),
            classes="subject",
            markup=False,
        )
        yield Label(tr("Amount in {currency_word}", currency_word=formatting.currency_word(self._currency)))
        yield Input(id="amount", placeholder="50.00")
        yield Label(tr("Reason, kept with the record"))
        yield Input(id="reason")
        yield Static(id="told", classes="told", markup=False)
        with Horizontal(classes="buttons"):
            yield Button(tr("Cancel"), id="cancel")
            yield Button(tr("Go on"), id="go", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#amount").focus()

    @on(Input.Submitted, "#amount")
    def _to_reason(self) -> None:
        self.query_one("#reason").focus()

    @on(Input.Submitted, "#reason")
    @on(Button.Pressed, "#go")
    def _go_on(self) -> None:
        try:
            amount = read_amount(self.query_one("#amount", Input).value)
            reason = read_reason(self.query_one("#reason", Input).value)
        except BadInput as error:
            self.tell(str(error))
        else:
            self.dismiss((amount, reason))
