"""The table shows the site as the platform knows it, narrowed down on request, and follows new readings by itself."""

from collections.abc import Callable
from typing import Any

import pytest

from prewatt_tui.screens.meter import MeterScreen
from prewatt_tui.screens.meters import MetersScreen
from prewatt_tui.widgets.meter_table import MeterTable

pytestmark = pytest.mark.anyio


async def test_every_meter_has_a_row_that_fits_80_by_24(stall: Any, terminal: Callable[..., Any]) -> None:
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.says("8/8 meters")
        rows = {line.split()[0]: line for line in t.lines if line.startswith("00000")}
        assert set(rows) == set(stall.farm.meter_numbers)
        assert all(len(line) <= 80 for line in t.lines)
        shop = rows["0000010201"]
        assert "201 理发店" in shop
        assert " opened " in shop
        assert " closed " in shop
        assert " 41." in shop
        assert " alarm 1 " in rows["0000010203"]
        assert " unopened " in rows["0000010202"]
        hints = t.lines[-1]
        assert all(
            hint in hints
            for hint in ("enter Open", "/ Filter", "r Reload", "esc Back", "? Help", "^p Palette")
        )


async def test_columns_stay_in_line_beside_chinese_places(stall: Any, terminal: Callable[..., Any]) -> None:
    async with terminal(stall.url, size=(120, 24)) as t:
        await t.sign_in()
        table = t.the(MeterTable)
        widths = {cell_widths(table, row) for row in range(table.row_count)}
        assert len(widths) == 1


def cell_widths(table: MeterTable, row: int) -> tuple[int, ...]:
    return tuple(cell.cell_len for cell in table.get_row_at(row))


FILTERS = {
    "理发": {"0000010201"},
    "010A": {"000001010A"},
    "state:alarm1": {"0000010203"},
    "area:2号楼 account:open": {"0000020101"},
    "!area:1号楼 !account:open": {"0000020102"},
}


async def test_a_filter_leaves_the_rows_that_pass(stall: Any, terminal: Callable[..., Any]) -> None:
    async with terminal(stall.url) as t:
        await t.sign_in()
        for line, numbers in FILTERS.items():
            await t.press("slash")
            t.type_in("#filter", line)
            await t.press("enter")
            await t.until(lambda numbers=numbers: set(t.the(MeterTable).meters) == numbers)
            await t.says(f"{len(numbers)}/8 meters")
        await t.press("escape")
        await t.says("8/8 meters")


async def test_a_filter_that_cannot_be_meant_is_explained_and_changes_nothing(
    stall: Any, terminal: Callable[..., Any]
) -> None:
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.press("slash")
        t.type_in("#filter", "state:broken")
        await t.press("enter")
        await t.says("state: takes opened, alarm1")
        assert len(t.the(MeterTable).meters) == 8
        await t.press("escape")
        await t.until(lambda: t.the(MeterTable).has_focus)


async def test_the_rows_follow_new_readings_by_themselves(
    open_stall: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    stall = await open_stall()
    async with terminal(stall.url) as t:
        await t.sign_in()
        meters = t.the(MeterTable).meters
        before = meters["0000010201"].reading.at
        await t.until(lambda: t.app.screen._followed)
        await stall.live.ask(
            'mutation { meterRefresh(input: {meterNumber: "0000010201"}) { errors { code } } }',
            token=t.app._session.token,
        )
        await t.until(lambda: meters["0000010201"].reading.at > before)


async def test_a_click_on_a_row_and_a_click_on_a_hint_do_what_the_keys_do(
    stall: Any, terminal: Callable[..., Any]
) -> None:
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.pilot.click(MeterTable, offset=(5, 3))
        await t.pilot.click(MeterTable, offset=(5, 3))
        await t.at(MeterScreen)
        x = t.lines[-1].index("esc Back")
        await t.pilot.click(offset=(x + 5, 23))
        await t.at(MetersScreen)


async def test_without_colour_the_states_are_still_there(
    stall: Any, terminal: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with terminal(stall.url) as t:
        await t.sign_in()
        assert t.app.no_color
        for word in ("opened", "alarm 1", "unopened", "closed", "API online", " 000 "):
            assert word in t.text
