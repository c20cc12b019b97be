"""The table aligns whatever the places are called, and fits a terminal of 80 columns."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from prewatt_tui import labels
from prewatt_tui.columns import COLUMNS, SCROLL_BAR_CELLS, CellContext, fit, fitting
from prewatt_tui.models.meter import Meter, Standing

HERE = CellContext(datetime(2026, 11, 20, 12, tzinfo=UTC), ZoneInfo("Asia/Shanghai"))

READING = {"at": "2026-11-20T02:00:00+00:00", "energyTotal": "1.00", "power": "1.000"}

places = st.text(st.characters(categories=["L", "N", "Zs", "P"]), max_size=30)


@settings(deadline=None)
@given(place=places, width=st.integers(2, 30))
def test_a_text_is_cut_to_whole_characters_and_says_so(place: str, width: int) -> None:
    shown = fit(place, width)
    assert cell_len(shown) <= width
    assert shown == place or shown.endswith("~")


@settings(deadline=None)
@given(place=places, terminal=st.integers(80, 200))
def test_a_row_is_as_wide_as_the_heading_whatever_the_place(
    make_meter: Callable[..., Meter], place: str, terminal: int
) -> None:
    meter = make_meter(place=place)
    for column, width in fitting(terminal):
        assert column.cell(meter, HERE, width).cell_len == width + 1
        assert column.heading_cell(width).cell_len == width + 1


@pytest.mark.parametrize("terminal", [80, 96, 120, 200])
def test_the_columns_fit_beside_the_scroll_bar(terminal: int) -> None:
    assert sum(width + 1 for _, width in fitting(terminal)) <= terminal - SCROLL_BAR_CELLS


@pytest.mark.parametrize(
    ("column", "fields", "shown"),
    [
        ("balance", {"balance": {"amount": "-1104122.15", "currency": "CNY"}}, "-1104122.15"),
        ("energy", {"reading": {**READING, "energyTotal": "99999999.99"}}, "99999999.99"),
        ("power", {"reading": {**READING, "power": "12345.678"}}, "12345.7"),
        ("power", {"reading": {**READING, "power": "-0.250"}}, "-0.250"),
        ("power", {"reading": None}, "-"),
    ],
)
def test_no_figure_loses_a_digit_of_its_whole_part(
    make_meter: Callable[..., Meter], column: str, fields: dict[str, Any], shown: str
) -> None:
    (found,) = ((c, width) for c, width in fitting(80) if c.key == column)
    assert found[0].cell(make_meter(**fields), HERE, found[1]).plain.strip() == shown


def test_80_columns_show_all_but_the_model_and_120_show_everything() -> None:
    assert [c.key for c, _ in fitting(80)] == [c.key for c in COLUMNS if c.key != "model"]
    assert [c.key for c, _ in fitting(120)] == [c.key for c in COLUMNS]


@pytest.mark.parametrize("standing", list(Standing))
def test_each_state_is_said_in_words_and_in_a_colour_of_its_own(
    make_meter: Callable[..., Meter], standing: Standing
) -> None:
    column = next(column for column in COLUMNS if column.key == "standing")
    cell = column.cell(make_meter(standing=standing.value), HERE, column.width)
    assert cell.plain.strip() == labels.STANDING[standing][0]
    assert len({text for text, _ in labels.STANDING.values()}) == len(Standing)
    assert len({style for _, style in labels.STANDING.values()}) == len(Standing)
