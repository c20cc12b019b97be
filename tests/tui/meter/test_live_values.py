"""The page keeps its values up to date, and says so when they may not be."""

from collections.abc import Callable
from typing import Any

import pytest

from prewatt_tui.screens.meter import MeterScreen
from prewatt_tui.widgets.command_progress import CommandProgress
from prewatt_tui.widgets.value_widget import ValueWidget

pytestmark = pytest.mark.anyio

SHOP = "0000010201"


async def test_refresh_has_the_meter_read_and_shows_the_reading(
    open_stall: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    stall = await open_stall()
    async with terminal(stall.url) as t:
        await t.sign_in()
        screen = await t.open_meter(SHOP)
        before = screen._meter.reading.at
        reads = len(stall.farm.journal.requests(meter=SHOP))
        await t.press("f")
        await t.until(lambda: t.the(CommandProgress).said == "Reading: done: read back from the meter")
        await t.until(lambda: screen._meter.reading.at > before)
        assert len(stall.farm.journal.requests(meter=SHOP)) > reads
        assert stall.farm.journal.writes() == []


async def test_another_ones_refresh_reaches_the_page_by_subscription(
    open_stall: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    stall = await open_stall()
    async with terminal(stall.url) as t:
        await t.sign_in()
        screen = await t.open_meter(SHOP)
        before = screen._meter.reading.at
        await stall.live.ask(
            "mutation ($number: String!) { meterRefresh(input: {meterNumber: $number}) { errors { code } } }",
            {"number": SHOP},
            token=t.app._session.token,
        )
        await t.until(lambda: screen._meter.reading.at > before)


async def test_without_the_platform_the_last_values_stay_greyed_and_come_back_to_life(
    open_stall: Callable[..., Any], open_wire: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    stall = await open_stall()
    wire = await open_wire(stall.url)
    async with terminal(wire.url) as t:
        await t.sign_in()
        await t.open_meter(SHOP)
        await t.until(lambda: "API online" in t.lines[0])
        shown = [figure.value for figure in t.app.screen.query(ValueWidget)]
        await wire.cut()
        await t.press("r")
        await t.until(lambda: "API OFFLINE" in t.lines[0])
        await t.until(lambda: "does not answer: these are the last values" in t.notice)
        figures = list(t.app.screen.query(ValueWidget))
        assert any(figure.old for figure in figures)
        assert [f.value for f in figures if f._label in ("total", "balance")] == [
            value for value, f in zip(shown, figures, strict=True) if f._label in ("total", "balance")
        ]
        await wire.open()
        await t.until(lambda: "API online" in t.lines[0])
        await t.until(lambda: t.notice == "")
        assert not any(figure.old for figure in t.app.screen.query(ValueWidget))
        assert isinstance(t.app.screen, MeterScreen)


async def test_a_meter_page_fits_80_by_24_and_keeps_its_lines_whole(
    stall: Any, terminal: Callable[..., Any]
) -> None:
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.open_meter(SHOP)
        assert "API online" in t.lines[0]
        assert t.lines[0].rstrip().endswith("8/8 meters")
        for hint in ("f Refresh", "s Sell", "m Orders", "o Account", "c Control", "esc Back", "? Help"):
            assert hint in t.lines[-1]
        assert "balance         41." in t.text
        assert "purchase count  6" in t.text
