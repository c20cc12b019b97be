"""Page of one meter: live values and actions.

A decision goes through a form and a confirmation before it becomes a message; the handler of that message sends it,
once. What an intent looks like on the wire is the client's business.
"""

from collections.abc import Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from prewatt_tui import available_actions, formatting, labels
from prewatt_tui.confirmations import confirmation
from prewatt_tui.errors import Declined, TerminalError, Unreachable
from prewatt_tui.language import tr
from prewatt_tui.messages import (
    CommandSeen,
    Decided,
    MeterLoaded,
    ReadingReceived,
    RequestAccepted,
    RequestDeclined,
    RequestFailed,
    RequestUnanswered,
)
from prewatt_tui.meter_lines import View
from prewatt_tui.models.command import Command
from prewatt_tui.models.meter import Meter, MeterDetail
from prewatt_tui.models.reading import Reading
from prewatt_tui.requests import ActionRequest
from prewatt_tui.screens import action_dialogs
from prewatt_tui.screens.base import FullScreen
from prewatt_tui.screens.resend import ResendScreen
from prewatt_tui.session_context import SessionContext
from prewatt_tui.streams import follow_command, follow_readings
from prewatt_tui.widgets.command_progress import CommandProgress
from prewatt_tui.widgets.meter_view import MeterView
from prewatt_tui.widgets.status_bar import Status

TICK_S = 1.0
ASK_DURING_AN_ORDER_EVERY_TICKS = 5


class MeterScreen(FullScreen):
    """One meter; dismissed with the meter as it was seen last."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "refresh", tr("Refresh"), tooltip=tr("have the meter read now")),
        Binding("r", "reload", tr("Reload"), tooltip=tr("ask the platform for the page again"), show=False),
        Binding("s", "sell", tr("Sell"), tooltip=tr("sell energy to the meter")),
        Binding(
            "m",
            "orders",
            tr("Orders"),
            tooltip=tr("money orders: refund, reverse, cancel, resolve; compare meter and ledger"),
        ),
        Binding("o", "open_account", tr("Account"), tooltip=tr("open an account for a customer")),
        Binding(
            "c",
            "control_mode",
            tr("Control"),
            tooltip=tr("set the control mode: prepaid, keep supply, forced off"),
        ),
        Binding("escape", "back", tr("Back"), tooltip=tr("return to the table")),
    ]

    def __init__(self, session_context: SessionContext, row: Meter) -> None:
        super().__init__()
        self._workplace = session_context
        self._row = row
        self._meter: MeterDetail | None = None
        self._online = True
        self._out_of_date = False
        self._ticks = 0
        self._following: set[str] = set()

    def compose_body(self) -> ComposeResult:
        yield Static(f"{self._row.number}  {self._row.place}", id="title", classes="title", markup=False)
        yield Static(tr("loading ..."), id="notice", markup=False)
        yield MeterView()
        yield CommandProgress()

    def on_mount(self) -> None:
        super().on_mount()
        self.watch(self.app, "status", self._see_status)
        self.set_interval(TICK_S, self._tick)
        self._load()
        self._follow_meter()
        if self._row.number in self._workplace.followed:
            self._follow(self._workplace.followed[self._row.number])

    def action_back(self) -> None:
        self.dismiss(self._meter)

    # What the page shows

    def action_reload(self) -> None:
        self._load()

    @work(group="meter", exclusive=True)
    async def _load(self) -> None:
        try:
            self.post_message(MeterLoaded(await self._workplace.api.meter(self._row.number)))
        except TerminalError as error:
            self.post_message(RequestFailed(error))

    @on(MeterLoaded)
    def _keep(self, message: MeterLoaded) -> None:
        self._meter = message.meter
        self._show()

    @on(RequestFailed)
    def _failed(self, message: RequestFailed) -> None:
        message.stop()
        self.report(message.error)

    def _see_status(self, status: Status) -> None:
        self._online = status.online is not False
        self._show()

    def _show(self) -> None:
        if self._meter is None:
            return
        meter = self._meter
        view = View(self._workplace.clock.now(), self._workplace.project.zone)
        path = " > ".join(meter.area)
        self._write("#title", f"{meter.number}  {meter.place}  {path}")
        self._write("#notice", self._notice(meter, view))
        self.query_one(MeterView).show(meter, view, old=meter.lost or not self._online)

    def _write(self, selector: str, text: str) -> None:
        """Repaint a line only when it says something else: an idle page sends nothing over a slow line."""
        line = self.query_one(selector, Static)
        if line.content != text:
            line.update(text)

    def _notice(self, meter: MeterDetail, view: View) -> str:
        """Notice above the values: outage, open order, or lost meter."""
        if not self._online:
            return tr("The platform does not answer: these are the last values.")
        if meter.open_order is not None:
            amount = formatting.money(meter.open_order.amount)
            return tr("An order of {amount} is under way; do not sell again.", amount=amount)
        if meter.lost:
            heard = "never" if meter.last_heard_at is None else formatting.age(meter.last_heard_at, view.now)
            return tr("LOST: the meter was last heard {heard}; these are its last values.", heard=heard)
        return ""

    def _tick(self) -> None:
        """Grow the ages; ask again when a reading came, and now and then while an order is open."""
        self._show()
        self._ticks += 1
        ordered = self._meter is not None and self._meter.open_order is not None
        if self._out_of_date or (ordered and self._ticks % ASK_DURING_AN_ORDER_EVERY_TICKS == 0):
            self._out_of_date = False
            self._load()

    @work(group="readings", exclusive=True)
    async def _follow_meter(self) -> None:
        def tell(number: str, reading: Reading) -> None:
            self.post_message(ReadingReceived(number, reading))

        try:
            await follow_readings(self._workplace.api, [self._row.number], self._workplace.clock, tell)
        except TerminalError as error:
            self.post_message(RequestFailed(error))

    @on(ReadingReceived)
    def _reading_came(self, message: ReadingReceived) -> None:
        message.stop()
        self._out_of_date = True

    # Commands

    @work(group="refresh", exclusive=True)
    async def action_refresh(self) -> None:
        try:
            command = await self._workplace.api.refresh(self._row.number)
        except TerminalError as error:
            self.post_message(RequestFailed(error))
        else:
            self.post_message(CommandSeen(command))

    def _follow(self, command_id: str) -> None:
        if command_id not in self._following:
            self._following.add(command_id)
            self._watch(command_id)

    @work(group="commands")
    async def _watch(self, command_id: str) -> None:
        def tell(command: Command) -> None:
            self.post_message(CommandSeen(command))

        try:
            await follow_command(self._workplace.api, command_id, self._workplace.clock, tell)
        except TerminalError as error:
            self.post_message(RequestFailed(error))

    @on(CommandSeen)
    def _say_how_far(self, message: CommandSeen) -> None:
        command = message.command
        strip = self.query_one(CommandProgress)
        if labels.outcome(command) != strip.said:
            strip.show(command)
            self._load()
        if not command.final:
            self._follow(command.id)

    # Decisions

    def action_sell(self) -> None:
        self._decide(action_dialogs.on_sale, available_actions.why_no_sale)

    def action_orders(self) -> None:
        self._decide(action_dialogs.on_orders, available_actions.why_no_orders)

    def action_control_mode(self) -> None:
        self._decide(action_dialogs.on_control_mode, available_actions.why_no_control)

    def action_open_account(self) -> None:
        self._decide(action_dialogs.on_account, available_actions.why_no_account)

    def _decide(self, way: action_dialogs.Decide, why_not: Callable[[MeterDetail], str | None]) -> None:
        if self._meter is None:
            return
        unanswered = self._workplace.unanswered.get(self._meter.number)
        if unanswered is not None:
            self._ask_about(unanswered, "")
        elif (reason := why_not(self._meter)) is not None:
            self.notify(reason, severity="warning", markup=False)
        else:
            self._go_through(way, self._meter)

    @work(group="decision", exclusive=True)
    async def _go_through(self, way: action_dialogs.Decide, meter: MeterDetail) -> None:
        request = await way(self.app.push_screen_wait, meter, self._workplace)
        if request is not None:
            self.post_message(Decided(request))

    @on(Decided)
    def _send_it(self, message: Decided) -> None:
        self.query_one(CommandProgress).say(tr("sending ..."), "waiting")
        self._send(message.request)

    @work(group="send")
    async def _send(self, request: ActionRequest) -> None:
        try:
            command = await self._workplace.api.send(request)
        except Unreachable as error:
            self.post_message(RequestUnanswered(request, error))
        except TerminalError as error:
            pending = isinstance(error, Declined) and "IN_PROGRESS" in error.codes
            self.post_message((RequestUnanswered if pending else RequestDeclined)(request, error))
        else:
            self.post_message(RequestAccepted(request, command))

    @on(RequestAccepted)
    def _accepted(self, message: RequestAccepted) -> None:
        self._workplace.unanswered.pop(message.request.meter_number, None)
        self._workplace.followed[message.request.meter_number] = message.command.id
        self.post_message(CommandSeen(message.command))

    @on(RequestDeclined)
    def _declined(self, message: RequestDeclined) -> None:
        self._workplace.unanswered.pop(message.request.meter_number, None)
        self.query_one(CommandProgress).say(tr("Not done: {error}", error=message.error), "bad")
        self.report(message.error)
        self._load()

    @on(RequestUnanswered)
    def _unanswered(self, message: RequestUnanswered) -> None:
        self._workplace.unanswered[message.request.meter_number] = message.request
        self.query_one(CommandProgress).say(tr("No answer: {error}", error=message.error), "bad")
        self._ask_about(message.request, str(message.error))

    def _ask_about(self, request: ActionRequest, why: str) -> None:
        if self._meter is None:
            return

        def settle(answer: str | None) -> None:
            if answer == "send":
                self.post_message(Decided(request))
            elif answer == "forget":
                self._workplace.unanswered.pop(request.meter_number, None)

        self.app.push_screen(ResendScreen(confirmation(self._meter, request), why), settle)
