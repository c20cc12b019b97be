"""The table of meters: rows of wide characters that align, a cursor that stays on its meter, and a call for more rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar
from zoneinfo import ZoneInfo

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DataTable

from prewatt_fixtures.clock import Clock
from prewatt_tui.columns import CellContext, Column, fitting
from prewatt_tui.language import tr
from prewatt_tui.models.meter import Meter

ROWS_AHEAD = 30
"""More rows are called for when the cursor or the view comes this near to the last one."""


class MeterTable(DataTable[Text]):
    """Shows meters, one a row, with times as a clock in `zone` shows them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "select_cursor",
            tr("Open"),
            key_display="enter",
            tooltip=tr("open the page of the meter under the cursor"),
        ),
        Binding("home", "scroll_top", tr("First"), show=False, tooltip=tr("go to the first meter")),
        Binding(
            "end",
            "scroll_bottom",
            tr("Last"),
            show=False,
            tooltip=tr("go to the last meter loaded; more load there"),
        ),
    ]

    @dataclass
    class EndNear(Message):
        """The last row is nearly in sight."""

    @dataclass
    class Chosen(Message):
        """The operator wants to see this meter."""

        meter: Meter

    def __init__(self, zone: ZoneInfo, clock: Clock) -> None:
        super().__init__(cursor_type="row", cell_padding=0)
        self.meters: dict[str, Meter] = {}
        self._zone = zone
        self._clock = clock
        self._fitting: tuple[tuple[Column, int], ...] = ()

    def show(self, meters: Iterable[Meter]) -> None:
        """Replace the rows; the cursor stays on its meter if that is still listed."""
        kept = self.chosen_number
        self.meters = {}
        self.clear()
        self.append(meters)
        if kept in self.meters:
            self.move_cursor(row=self.get_row_index(kept), animate=False)

    def append(self, meters: Iterable[Meter]) -> None:
        """Show these meters below the others."""
        for meter in meters:
            if meter.number not in self.meters:
                self.meters[meter.number] = meter
                self.add_row(*self._cells(meter), key=meter.number)

    def update_meter(self, meter: Meter) -> None:
        """Show what changed about one meter, if it is in the table."""
        if meter.number not in self.meters:
            return
        before = self._cells(self.meters[meter.number])
        self.meters[meter.number] = meter
        for (column, _), old, new in zip(self._fitting, before, self._cells(meter), strict=True):
            if (old.plain, old.style) != (new.plain, new.style):
                self.update_cell(meter.number, column.key, new)

    @property
    def chosen_number(self) -> str | None:
        """The number under the cursor."""
        if not self.meters:
            return None
        return list(self.meters)[self.cursor_row]

    def numbers_around(self, count: int) -> tuple[str, ...]:
        """At most `count` numbers, those in sight in their middle."""
        numbers = tuple(self.meters)
        spare = max(0, count - self.size.height)
        start = max(0, min(int(self.scroll_y) - spare // 2, len(numbers) - count))
        return numbers[start : start + count]

    def on_resize(self, event: events.Resize) -> None:
        """Choose the columns that fit, and fill them anew when that changed."""
        chosen = fitting(event.size.width)
        if chosen == self._fitting:
            return
        self._fitting = chosen
        kept = tuple(self.meters.values())
        row = self.cursor_row
        self.clear(columns=True)
        for column, width in chosen:
            self.add_column(column.heading_cell(width), width=width + 1, key=column.key)
        for meter in kept:
            self.add_row(*self._cells(meter), key=meter.number)
        self.move_cursor(row=row, animate=False)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        self._look_ahead(event.cursor_row)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        if event.row_key.value is not None:
            self.post_message(self.Chosen(self.meters[event.row_key.value]))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._look_ahead(int(new_value) + self.size.height)

    def _look_ahead(self, row: int) -> None:
        if row >= len(self.meters) - ROWS_AHEAD:
            self.post_message(self.EndNear())

    def _cells(self, meter: Meter) -> list[Text]:
        here = CellContext(self._clock.now(), self._zone)
        return [column.cell(meter, here, width) for column, width in self._fitting]
