"""Opening an account from the terminal."""

from collections.abc import Callable
from typing import Any

import pytest

from prewatt_tui.screens.confirm import ConfirmScreen
from prewatt_tui.screens.meter import MeterScreen
from prewatt_tui.screens.open_account import OpenAccountScreen
from prewatt_tui.widgets.command_progress import CommandProgress

pytestmark = pytest.mark.anyio

VACANT = "0000010202"


async def test_a_vacant_shop_gets_its_customer(
    open_stall: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    stall = await open_stall()
    async with terminal(stall.url) as t:
        await t.sign_in()
        screen = await t.open_meter(VACANT)
        await t.press("o")
        await t.at(OpenAccountScreen)
        await t.pilot.click("#go")
        await t.until(lambda: "needs the customer's name" in t.told)
        t.type_in("#customer", "周戊")
        await t.press("enter", "enter")
        await t.at(ConfirmScreen)
        assert "Open an account for 周戊" in t.text
        t.type_in("#typed", VACANT[-4:])
        await t.pilot.pause()
        await t.press("enter", "enter")
        await t.at(MeterScreen)
        await t.until(lambda: t.the(CommandProgress).said.startswith("Account opening: done"))
        await t.until(lambda: screen._meter.customer == "周戊")
        await t.says("account         open ")
    assert stall.farm.meter(VACANT).money_on


async def test_an_opened_meter_says_that_it_is(stall: Any, terminal: Callable[..., Any]) -> None:
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.open_meter("0000010201")
        await t.press("o")
        await t.says("has an open account already")
