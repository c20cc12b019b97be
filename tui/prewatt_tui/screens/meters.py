"""The table of meters: loads it page by page, filters it, and keeps the rows around those in sight up to date."""

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from prewatt_tui.client import FOLLOWED_AT_MOST
from prewatt_tui.errors import BadInput, SignedOut, TerminalError
from prewatt_tui.filters import read_filter
from prewatt_tui.language import tr
from prewatt_tui.messages import CountChanged, ProjectLeft, ReadingReceived, RequestFailed, RowsLoaded
from prewatt_tui.models.meter import Meter
from prewatt_tui.models.reading import Reading
from prewatt_tui.pages import ROWS_AT_MOST, MeterPages
from prewatt_tui.screens.base import FullScreen
from prewatt_tui.screens.meter import MeterScreen
from prewatt_tui.session_context import SessionContext
from prewatt_tui.streams import follow_readings
from prewatt_tui.widgets.meter_table import MeterTable

SHOW_READINGS_EVERY_S = 1.0
FILTER_HINT = tr("relay:open  state:arrears  lost:yes  area:building/floor  a number or place")


class MetersScreen(FullScreen):
    """The meters of one project."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", tr("Filter"), key_display="/", tooltip=tr("narrow the table down")),
        Binding("r", "reload", tr("Reload"), tooltip=tr("load the table again")),
        Binding(
            "escape",
            "back",
            tr("Back"),
            tooltip=tr("leave the filter line, clear the filter, or leave the project"),
        ),
    ]

    def __init__(self, session_context: SessionContext) -> None:
        super().__init__()
        self._workplace = session_context
        self._line = ""
        self._pages = MeterPages(session_context.api, read_filter(""))
        self._shown: MeterPages | None = None
        self._busy = False
        self._total = session_context.project.meter_count
        self._followed: tuple[str, ...] = ()
        self._came: dict[str, Reading] = {}

    def compose_body(self) -> ComposeResult:
        yield Input(id="filter", placeholder=FILTER_HINT, compact=True)
        yield MeterTable(self._workplace.project.zone, self._workplace.clock)
        yield Static(tr("loading ..."), id="note", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self._filter_line.display = False
        self._table.focus()
        self._start(at_least=1)
        self.set_interval(SHOW_READINGS_EVERY_S, self._catch_up)

    @property
    def _table(self) -> MeterTable:
        return self.query_one(MeterTable)

    @property
    def _filter_line(self) -> Input:
        return self.query_one("#filter", Input)

    # Loading

    def action_reload(self) -> None:
        self._start(at_least=max(1, len(self._table.meters)))

    def _start(self, at_least: int) -> None:
        self._pages = MeterPages(self._workplace.api, read_filter(self._line))
        self._load(self._pages, at_least, count=True)

    @on(MeterTable.EndNear)
    def _load_more(self) -> None:
        if self._shown is self._pages and not self._busy and not self._pages.over:
            self._load(self._pages, at_least=1, count=False)

    def _load(self, pages: MeterPages, at_least: int, *, count: bool) -> None:
        self._busy = True
        self._fetch(pages, at_least, count)

    @work(group="rows", exclusive=True)
    async def _fetch(self, pages: MeterPages, at_least: int, count: bool) -> None:
        rows: list[Meter] = []
        try:
            total = (await self._workplace.api.project()).meter_count if count else None
            while len(rows) < at_least and not pages.over:
                rows.extend(await pages.next_rows())
        except TerminalError as error:
            self.post_message(RequestFailed(error))
        else:
            self.post_message(RowsLoaded(pages, tuple(rows), total))

    @on(RowsLoaded)
    def _show_rows(self, message: RowsLoaded) -> None:
        if message.pages is not self._pages:
            return
        self._busy = False
        self._total = message.total if message.total is not None else self._total
        if self._shown is self._pages:
            self._table.append(message.rows)
        else:
            self._shown = self._pages
            self._table.show(message.rows)
        self._say_how_many()
        self._catch_up()

    @on(RequestFailed)
    def _say_what_failed(self, message: RequestFailed) -> None:
        message.stop()
        self._busy = False
        self._note(tr("not loaded: {error}; r tries again", error=message.error))
        self.report(message.error)

    def _say_how_many(self) -> None:
        count = len(self._table.meters)
        self.post_message(CountChanged(count, self._total))
        if self._pages.capped:
            self._note(tr("stopped at {rows_at_most} meters: narrow the filter", rows_at_most=ROWS_AT_MOST))
        elif not self._pages.over:
            self._note(tr("more below"))
        elif count == 0:
            self._note(tr("no meter passes the filter") if self._line else tr("no meters in this project"))
        else:
            self._note(tr("filter {line}; esc clears it", line=self._line) if self._line else "")

    def _note(self, text: str) -> None:
        self.query_one("#note", Static).update(text)

    # Filter

    def action_filter(self) -> None:
        self._filter_line.display = True
        self._filter_line.focus()

    @on(Input.Submitted, "#filter")
    def _apply(self, event: Input.Submitted) -> None:
        try:
            read_filter(event.value)
        except BadInput as error:
            self._note(str(error))
            return
        self._line = event.value.strip()
        self._table.focus()
        self._filter_line.display = bool(self._line)
        self._note(tr("loading ..."))
        self._start(at_least=1)

    def action_back(self) -> None:
        if self._filter_line.has_focus:
            self._filter_line.value = self._line
            self._filter_line.display = bool(self._line)
            self._table.focus()
            self._say_how_many()
        elif self._line:
            self._line = self._filter_line.value = ""
            self._filter_line.display = False
            self._start(at_least=1)
        else:
            self.post_message(ProjectLeft())

    # Living rows

    def _catch_up(self) -> None:
        """Show the readings of the last second, and follow other meters when the view has moved on."""
        for number, reading in self._came.items():
            if number in self._table.meters:
                self._table.update_meter(self._table.meters[number].with_reading(reading))
        self._came.clear()
        if not set(self._table.numbers_around(self._table.size.height)) <= set(self._followed):
            self._followed = self._table.numbers_around(FOLLOWED_AT_MOST)
            self._follow(self._followed)

    @work(group="live", exclusive=True)
    async def _follow(self, numbers: tuple[str, ...]) -> None:
        def tell(number: str, reading: Reading) -> None:
            self.post_message(ReadingReceived(number, reading))

        try:
            await follow_readings(self._workplace.api, numbers, self._workplace.clock, tell)
        except SignedOut as error:
            self.post_message(RequestFailed(error))

    @on(ReadingReceived)
    def _gather(self, message: ReadingReceived) -> None:
        message.stop()
        self._came[message.number] = message.reading

    # One meter

    @on(MeterTable.Chosen)
    def _open(self, message: MeterTable.Chosen) -> None:
        self.app.push_screen(MeterScreen(self._workplace, message.meter), self._meter_seen)

    def _meter_seen(self, meter: Meter | None) -> None:
        if meter is not None:
            self._table.update_meter(meter)
