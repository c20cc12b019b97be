"""Switching off and on from the terminal: confirmed by the meter's number, shown when the meter was read back."""

from collections.abc import Callable
from typing import Any

import pytest
from textual.widgets import Button, OptionList

from prewatt_tui.models.meter import ControlMode
from prewatt_tui.models.reading import Relay
from prewatt_tui.screens.confirm import ConfirmScreen
from prewatt_tui.screens.control_mode import ControlModeScreen
from prewatt_tui.screens.meter import MeterScreen
from prewatt_tui.widgets.command_progress import CommandProgress

pytestmark = pytest.mark.anyio

SHOP = "000001010A"


async def choose(t: Any, mode: ControlMode) -> None:
    """Press `c` and choose the mode; the confirmation is on top then."""
    await t.press("c")
    await t.at(ControlModeScreen)
    options = t.the(OptionList)
    options.highlighted = options.get_option_index(mode.value)
    await t.press("enter")
    await t.at(ConfirmScreen)


async def set_mode(t: Any, mode: ControlMode, relay: Relay) -> None:
    await choose(t, mode)
    assert t.the(Button, "#cancel").has_focus
    t.type_in("#typed", "010a")
    await t.pilot.pause()
    await t.press("enter", "enter")
    screen = await t.at(MeterScreen)
    await t.until(lambda: t.the(CommandProgress).said == "Control mode: done: read back from the meter")
    await t.until(lambda: (screen._meter.relay, screen._meter.control_mode_observed) == (relay, mode))


async def test_the_supply_goes_off_and_on_again(
    open_stall: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    stall = await open_stall()
    meter = stall.farm.meter(SHOP)
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.open_meter(SHOP)
        await set_mode(t, ControlMode.FORCED_OFF, Relay.OPEN)
        assert not meter.relay_closed
        assert "relay           open" in t.text
        assert "mode observed   forced off" in t.text
        await set_mode(t, ControlMode.PREPAID, Relay.CLOSED)
        assert meter.relay_closed
        assert meter.forced is None


async def test_cancel_switches_nothing(stall: Any, terminal: Callable[..., Any]) -> None:
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.open_meter(SHOP)
        await choose(t, ControlMode.FORCED_OFF)
        assert "relay         closed -> open" in t.text
        await t.press("enter")
        await t.at(MeterScreen)
        await t.settled()
    assert stall.farm.journal.writes() == []


async def test_the_mode_that_cuts_off_is_the_last_of_the_list(
    stall: Any, terminal: Callable[..., Any]
) -> None:
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.open_meter(SHOP)
        await t.press("c")
        await t.at(ControlModeScreen)
        options = t.the(OptionList)
        assert options.highlighted == 0
        assert options.get_option_at_index(options.option_count - 1).id == ControlMode.FORCED_OFF.value
        await t.press("escape")
        await t.at(MeterScreen)
