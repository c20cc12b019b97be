"""Page of a meter's money orders: its reconciliation, the newest orders, and what can be done with them.

It decides nothing: it is dismissed with what the operator wants to do, and the meter's page goes through the forms.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar

from rich.cells import set_cell_size
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from prewatt_tui import formatting, labels
from prewatt_tui.available_actions import why_no_refund
from prewatt_tui.errors import TerminalError
from prewatt_tui.language import tr
from prewatt_tui.models.meter import MeterDetail
from prewatt_tui.models.order import Order, Orders, Reconciliation
from prewatt_tui.screens.base import FullScreen
from prewatt_tui.session_context import SessionContext

ORDERS_AT_MOST = 50


class OrderAction(Enum):
    """What can be done about money of a meter."""

    REFUND = auto()
    REVERSE = auto()
    CANCEL = auto()
    RESOLVE = auto()
    CONFIRM_REGISTERS = auto()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the operator wants to do, with the order under the cursor where it concerns one."""

    action: OrderAction
    order: Order | None = None
    reconciliation: Reconciliation | None = None


class OrdersScreen(FullScreen):
    """Dismissed with a `Wanted`, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "refund", tr("Refund"), tooltip=tr("take unused credit back and pay it out")),
        Binding("v", "reverse", tr("Reverse"), tooltip=tr("undo the sale under the cursor as a whole")),
        Binding("x", "cancel_order", tr("Cancel|order"), tooltip=tr("cancel the order under the cursor")),
        Binding(
            "d", "resolve", tr("Resolve"), tooltip=tr("decide about the disputed order under the cursor")
        ),
        Binding("h", "confirm_registers", tr("Free"), tooltip=tr("accept the registers of a meter on hold")),
        Binding("r", "reload", tr("Reload"), tooltip=tr("ask the platform for the page again"), show=False),
        Binding("escape", "back", tr("Back"), tooltip=tr("return to the meter")),
    ]

    def __init__(self, meter: MeterDetail, session_context: SessionContext) -> None:
        super().__init__()
        self._meter = meter
        self._workplace = session_context
        self._found: Orders | None = None

    def compose_body(self) -> ComposeResult:
        yield Static(
            tr("Orders of {number}  {place}", number=self._meter.number, place=self._meter.place),
            classes="title",
            markup=False,
        )
        yield Static(tr("loading ..."), id="agreement", markup=False)
        yield OptionList(id="orders", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(OptionList).focus()
        self._load()

    def action_back(self) -> None:
        self.dismiss(None)

    def action_reload(self) -> None:
        self._load()

    @work(group="orders", exclusive=True)
    async def _load(self) -> None:
        try:
            found = await self._workplace.api.orders(self._meter.number, ORDERS_AT_MOST)
        except TerminalError as error:
            self.query_one("#agreement", Static).update(tr("not loaded: {error}; r tries again", error=error))
            self.report(error)
        else:
            self._show(found)

    def _show(self, found: Orders) -> None:
        self._found = found
        self.query_one("#agreement", Static).update(agreement(found.reconciliation))
        options = self.query_one(OptionList)
        kept = options.highlighted
        options.clear_options()
        options.add_options(Option(self._line(order), id=order.receipt_number) for order in found.orders)
        if found.orders:
            options.highlighted = min(kept or 0, len(found.orders) - 1)

    def _line(self, order: Order) -> str:
        zone = self._workplace.project.zone
        cells = (
            (formatting.moment(order.created_at, zone), 19),
            (labels.COMMAND_KIND.get(order.kind, order.kind), 8),
            (formatting.amount(order.amount).rjust(10), 10),
            (labels.ORDER_STATE.get(order.state, order.state), 11),
            (order.receipt_number, 11),
            (order.operator, 12),
        )
        return " ".join(set_cell_size(text, width) for text, width in cells)

    def _under_cursor(self) -> Order | None:
        options = self.query_one(OptionList)
        if self._found is None or options.highlighted is None:
            return None
        return self._found.orders[options.highlighted]

    def action_refund(self) -> None:
        if (why_not := why_no_refund(self._meter)) is not None:
            self._say(why_not)
        else:
            self.dismiss(Wanted(OrderAction.REFUND))

    def action_reverse(self) -> None:
        order = self._under_cursor()
        if order is None or not order.reversible:
            self._say(tr("Only a sale that the meter has can be reversed: put the cursor on it."))
        else:
            self.dismiss(Wanted(OrderAction.REVERSE, order))

    def action_cancel_order(self) -> None:
        order = self._under_cursor()
        if order is None or not order.cancellable:
            self._say(tr("Only an order that is under way can be cancelled: put the cursor on it."))
        else:
            self.dismiss(Wanted(OrderAction.CANCEL, order))

    def action_resolve(self) -> None:
        order = self._under_cursor()
        if self._found is None or order is None or not order.disputed:
            self._say(tr("Only a disputed order waits for a decision: put the cursor on it."))
        else:
            self.dismiss(Wanted(OrderAction.RESOLVE, order, self._found.reconciliation))

    def action_confirm_registers(self) -> None:
        row = None if self._found is None else self._found.reconciliation
        if row is None or row.on_hold is None:
            self._say(tr("{number} is not on hold.", number=self._meter.number))
        else:
            self.dismiss(Wanted(OrderAction.CONFIRM_REGISTERS, None, row))

    def _say(self, text: str) -> None:
        self.notify(text, severity="warning", markup=False)


def agreement(row: Reconciliation | None) -> str:
    """Both sides in a few lines: what the orders say, what the meter shows, every difference, and a hold."""
    if row is None:
        return tr("No money was sent to this meter yet.")
    lines = [
        tr(
            "purchase count: orders {expected}, meter {shown}",
            expected=formatting.number(row.count_expected),
            shown=formatting.number(row.count_shown),
        ),
        tr(
            "total purchased: orders {expected}, meter {shown}",
            expected=formatting.money(row.total_expected),
            shown=formatting.money(row.total_shown),
        ),
    ]
    if row.on_hold is not None:
        lines.append(tr("ON HOLD: {reason}", reason=row.on_hold))
    lines += [tr("DIFFERENCE: {difference}", difference=difference) for difference in row.differences]
    if not row.differences and row.count_expected is not None and row.count_shown is not None:
        lines.append(tr("meter and ledger agree"))
    return "\n".join(lines)
