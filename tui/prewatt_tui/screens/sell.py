"""The form for a sale: the amount, checked before anything is asked or sent."""

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


class SellScreen(Dialog[Decimal]):
    """Asks how much to sell; answers with the amount."""

    def __init__(self, meter: MeterDetail, currency: str) -> None:
        super().__init__()
        self._meter = meter
        self._currency = currency

    def compose_body(self) -> ComposeResult:
        meter = self._meter
        yield Static(
            tr("Sell to {number}  {place}", number=meter.number, place=meter.place),
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
        yield Static(id="told", classes="told", markup=False)
        with Horizontal(classes="buttons"):
            yield Button(tr("Cancel"), id="cancel")
            yield Button(tr("Go on"), id="go", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#amount").focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#go")
    def _go_on(self) -> None:
        try:
            amount = read_amount(self.query_one("#amount", Input).value)
        except BadInput as error:
            self.tell(str(error))
        else:
            self.dismiss(amount)
