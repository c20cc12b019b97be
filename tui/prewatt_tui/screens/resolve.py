"""The form for a disputed order: both sides of the evidence, the decision, the reason."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from prewatt_tui import formatting
from prewatt_tui.errors import BadInput
from prewatt_tui.language import tr
from prewatt_tui.models.order import Order, Reconciliation
from prewatt_tui.screens.dialog import Dialog
from prewatt_tui.screens.orders import agreement
from prewatt_tui.screens.reason import read_reason


class ResolveScreen(Dialog[tuple[bool, str]]):
    """Asks whether the meter carried the order out, and why the operator thinks so; answers with both."""

    def __init__(self, order: Order, row: Reconciliation | None) -> None:
        super().__init__()
        self._order = order
        self._row = row

    def compose_body(self) -> ComposeResult:
        order = self._order
        yield Static(
            tr(
                "Disputed order {receipt}, {amount}",
                receipt=order.receipt_number,
                amount=formatting.money(order.amount),
            ),
            classes="title",
            markup=False,
        )
        yield Static(agreement(self._row), classes="subject", markup=False)
        yield Label(tr("Reason, kept with the record"))
        yield Input(id="reason")
        yield OptionList(
            Option(tr("carried out: the meter has done it; the order becomes applied"), id="delivered"),
            Option(tr("not carried out: the money goes back; the order is voided"), id="not-delivered"),
            markup=False,
        )
        yield Static(id="told", classes="told", markup=False)
        with Horizontal(classes="buttons"):
            yield Button(tr("Cancel"), id="cancel")

    def on_mount(self) -> None:
        self.query_one("#reason").focus()

    @on(Input.Submitted)
    def _to_options(self) -> None:
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        try:
            reason = read_reason(self.query_one("#reason", Input).value)
        except BadInput as error:
            self.tell(str(error))
            self.query_one("#reason").focus()
        else:
            self.dismiss((event.option_id == "delivered", reason))
