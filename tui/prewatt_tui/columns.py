"""Columns of the meter table: heading, width, text of a row. The terminal's width decides which are shown.

Widths are in terminal cells, and so are the paddings: a Chinese character takes two.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from prewatt_tui import formatting, labels
from prewatt_tui.language import tr
from prewatt_tui.models.meter import Meter

CUT = "~"
"""Marks a text that had to be shortened; one cell wide on every terminal, which the ellipsis is not."""


@dataclass(frozen=True, slots=True)
class CellContext:
    """Context of a cell: the present time and the project's time zone."""

    now: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `spread` is how many cells more it takes when there is room."""

    key: str
    heading: str
    width: int
    text: Callable[[Meter, CellContext], tuple[str, str]]
    right: bool = False
    spread: int = 0
    from_terminal_width: int = 0

    def cell(self, meter: Meter, here: CellContext, width: int) -> Text:
        """The meter's cell, exactly `width` cells and a blank wide."""
        text, style = self.text(meter, here)
        text = fit(text, width)
        blanks = " " * (width - cell_len(text))
        return Text(f"{blanks}{text} " if self.right else f"{text}{blanks} ", style, no_wrap=True)

    def heading_cell(self, width: int) -> Text:
        """The heading, aligned as the column is."""
        return Text(f"{self.heading:>{width}} " if self.right else f"{self.heading:<{width}} ", no_wrap=True)


def fit(text: str, width: int) -> str:
    """The text in at most `width` cells, with a mark where it was cut."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + CUT


def _balance(meter: Meter, _: CellContext) -> tuple[str, str]:
    return formatting.amount(meter.balance), _look(meter)


def _energy(meter: Meter, _: CellContext) -> tuple[str, str]:
    return formatting.number(meter.reading.energy_total_kwh if meter.reading else None), _look(meter)


def _power(meter: Meter, _: CellContext) -> tuple[str, str]:
    power = meter.reading.power_kw if meter.reading else None
    return formatting.number_within(power, POWER_CELLS), _look(meter)


def _read_at(meter: Meter, here: CellContext) -> tuple[str, str]:
    return formatting.short_moment(meter.reading.at if meter.reading else None, here.now, here.zone), _look(
        meter
    )


def _look(meter: Meter) -> str:
    """Values of a lost meter are old: they stay, greyed."""
    return "dim" if meter.lost else ""


POWER_CELLS = 7

COLUMNS = (
    Column("number", tr("number"), 10, lambda meter, _: (meter.number, "bold")),
    Column("place", tr("place"), 11, lambda meter, _: (meter.place, ""), spread=20),
    Column("model", tr("model"), 13, lambda meter, _: (meter.model, ""), from_terminal_width=96),
    Column("standing", tr("state"), 8, lambda meter, _: labels.STANDING[meter.standing]),
    Column("relay", tr("relay"), 6, lambda meter, _: labels.RELAY[meter.relay]),
    Column("balance", tr("balance"), 12, _balance, right=True),
    Column("energy", tr("kWh"), 11, _energy, right=True),
    Column("power", tr("kW"), POWER_CELLS, _power, right=True),
    Column("read_at", tr("read"), 5, _read_at),
)

SCROLL_BAR_CELLS = 2


def fitting(terminal_width: int) -> tuple[tuple[Column, int], ...]:
    """The columns for a terminal of that width, each with its own width."""
    shown = [column for column in COLUMNS if terminal_width >= column.from_terminal_width]
    room = max(0, terminal_width - SCROLL_BAR_CELLS - sum(column.width + 1 for column in shown))
    return tuple((column, column.width + min(column.spread, room)) for column in shown)
