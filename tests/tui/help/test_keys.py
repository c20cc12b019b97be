"""Help, palette and handbook say the same as the bindings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandList, CommandPalette

from prewatt_tui.app import TerminalApp
from prewatt_tui.keys import keys_of
from prewatt_tui.labels import STANDING, STANDING_MEANS
from prewatt_tui.screens.dialog import Dialog
from prewatt_tui.screens.help import HelpScreen
from prewatt_tui.screens.meter import MeterScreen
from prewatt_tui.screens.meters import MetersScreen
from prewatt_tui.screens.orders import OrdersScreen
from prewatt_tui.widgets.meter_table import MeterTable

pytestmark = pytest.mark.anyio

HANDBOOK = Path(__file__).parents[3] / "docs" / "technicians.md"
CHANGES_A_METER = {"sell", "open_account", "control_mode"}


@pytest.mark.parametrize("owner", [TerminalApp, MetersScreen, MeterTable, MeterScreen, OrdersScreen, Dialog])
async def test_the_handbook_lists_every_key(owner: Any) -> None:
    text = HANDBOOK.read_text("utf-8")
    for key in keys_of(owner.BINDINGS):
        assert f"| `{key.key}` | {key.name} | {key.does} |" in text


async def test_the_handbook_explains_every_state() -> None:
    text = HANDBOOK.read_text("utf-8")
    for standing, (word, _) in STANDING.items():
        assert f"| {word} | {STANDING_MEANS[standing]} |" in text


@pytest.mark.parametrize("owner", [TerminalApp, MetersScreen, MeterTable, MeterScreen, OrdersScreen, Dialog])
async def test_no_single_control_key_and_no_first_action_changes_a_meter(owner: Any) -> None:
    bindings = list(owner.BINDINGS)
    assert bindings[0].action not in CHANGES_A_METER
    assert not [b for b in bindings if b.action in CHANGES_A_METER and "ctrl" in b.key]


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_help_lists_what_works_here(stall: Any, terminal: Callable[..., Any], key: str) -> None:
    async with terminal(stall.url, size=(100, 40)) as t:
        await t.sign_in()
        await t.press(key)
        screen = await t.at(HelpScreen)
        for expected in (*keys_of(MetersScreen.BINDINGS), *keys_of(MeterTable.BINDINGS)):
            assert expected.does in {key.does for key in screen.keys}
            assert f" {expected.name} " in t.text
        assert all(f" {word} " in t.text for word, _ in STANDING.values())
        await t.press("escape")
        await t.at(MetersScreen)


async def test_the_palette_offers_every_action_and_runs_it(stall: Any, terminal: Callable[..., Any]) -> None:
    async with terminal(stall.url, size=(100, 40)) as t:
        await t.sign_in()
        screen = await t.open_meter("0000010201")
        await t.press("ctrl+p")
        palette = await t.at(CommandPalette)
        commands = palette.query_one(CommandList)
        await t.until(lambda: commands.option_count >= len(keys_of(MeterScreen.BINDINGS)))
        offered = [str(commands.get_option_at_index(i).prompt) for i in range(commands.option_count)]
        assert [
            name for name in ("Refresh", "Sell", "Control", "Quit") if not any(name in o for o in offered)
        ] == []
        assert "Sell" not in offered[0]
        await t.press(*"reload")
        await t.until(lambda: commands.option_count == 1)
        before = screen._meter
        await t.press("enter")
        await t.until(lambda: t.app.screen is screen and screen._meter is not before)
