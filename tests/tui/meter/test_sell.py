"""Selling from the terminal: asked twice, sent once, and reported in words until the meter shows it."""

from collections.abc import Callable
from typing import Any

import pytest
from textual.widgets import Button, Input

from prewatt_tui.screens.confirm import ConfirmScreen
from prewatt_tui.screens.meter import MeterScreen
from prewatt_tui.screens.meters import MetersScreen
from prewatt_tui.screens.resend import ResendScreen
from prewatt_tui.screens.sell import SellScreen
from prewatt_tui.widgets.command_progress import CommandProgress

pytestmark = pytest.mark.anyio

SHOP = "0000010201"
VACANT = "0000010202"
POSTPAID = "0000010101"


async def ask_for(t: Any, amount: str) -> ConfirmScreen:
    """Press `s`, type the amount; the confirmation."""
    await t.press("s")
    await t.at(SellScreen)
    t.type_in("#amount", amount)
    await t.press("enter")
    confirm: ConfirmScreen = await t.at(ConfirmScreen)
    return confirm


async def confirm_with(t: Any, typed: str) -> None:
    t.type_in("#typed", typed)
    await t.pilot.pause()
    await t.press("enter", "enter")


async def test_a_sale_ends_on_the_meter(open_stall: Callable[..., Any], terminal: Callable[..., Any]) -> None:
    stall = await open_stall()
    meter = stall.farm.meter(SHOP)
    before_fen = meter.remaining_fen
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.open_meter(SHOP)
        await ask_for(t, "50")
        assert f"meter {SHOP}  201 理发店" in t.text
        assert "Sell 50.00 yuan to 钱乙" in t.text
        assert "purchase count  6 -> 7" in t.text
        await confirm_with(t, "0201")
        await t.at(MeterScreen)
        await t.until(lambda: t.the(CommandProgress).said.startswith("Sale: done: the meter shows it"))
        assert "purchase count 7" in t.the(CommandProgress).said
        assert meter.purchase_count == 7
        assert meter.total_purchased_fen == 350_00
        assert meter.remaining_fen >= before_fen + 50_00 - 1_00
        await t.until(lambda: t.app.screen._meter.reading.purchase_count == 7)
        await t.press("escape")
        await t.until(lambda: "API online" in t.lines[0] and "8/8" in t.lines[0])


async def test_no_way_out_of_the_question_sends_a_frame(stall: Any, terminal: Callable[..., Any]) -> None:
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.open_meter(SHOP)
        for way in ("enter", "escape", "cancel button"):
            await ask_for(t, "50")
            assert t.the(Button, "#cancel").has_focus
            await (t.pilot.click("#cancel") if way == "cancel button" else t.press(way))
            await t.at(MeterScreen)
        await t.press("s")
        await t.at(SellScreen)
        await t.press("escape")
        await t.at(MeterScreen)
        await t.settled()
        assert t.the(CommandProgress).said == ""
    assert stall.farm.journal.writes() == []
    assert await sales_of(stall) == 0


async def sales_of(stall: Any) -> int:
    """How many sales the platform has been asked for."""
    from sqlalchemy import func, select

    from prewatt_platform.accounts.models import Order

    async with stall.deployment.database.project(stall.deployment.scope) as work:
        count: int = (await work.session.execute(select(func.count()).select_from(Order))).scalar_one()
    return count


async def test_the_button_stays_asleep_until_the_right_characters_are_typed(
    stall: Any, terminal: Callable[..., Any]
) -> None:
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.open_meter(SHOP)
        await ask_for(t, "50")
        for typed in ("", "020", "0202", "2010"):
            t.type_in("#typed", typed)
            await t.pilot.pause()
            assert t.the(Button, "#confirm").disabled
            await t.press("enter")
            assert isinstance(t.app.screen, ConfirmScreen)
        t.type_in("#typed", "0201")
        await t.pilot.pause()
        assert not t.the(Button, "#confirm").disabled
        await t.press("escape")
        await t.at(MeterScreen)
    assert stall.farm.journal.writes() == []


async def test_an_amount_that_is_none_is_refused_in_the_form(
    stall: Any, terminal: Callable[..., Any]
) -> None:
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.open_meter(SHOP)
        await t.press("s")
        await t.at(SellScreen)
        for typed, reason in (
            ("50.005", "3 decimals"),
            ("-1", "negative"),
            ("0", "0 is not"),
            ("1000000", "at most"),
        ):
            t.type_in("#amount", typed)
            await t.press("enter")
            await t.until(lambda reason=reason: reason in t.told)
            assert t.the(Input, "#amount").value == typed


async def test_a_meter_that_takes_no_sale_says_why(stall: Any, terminal: Callable[..., Any]) -> None:
    async with terminal(stall.url, size=(120, 36)) as t:
        await t.sign_in()
        for number, reason in ((VACANT, "has no open account"), (POSTPAID, "is not a prepaid meter")):
            await t.open_meter(number)
            await t.press("s")
            await t.says(reason)
            await t.press("escape")
            await t.at(MetersScreen)


async def test_sent_again_after_a_lost_answer_it_is_the_same_sale(
    open_stall: Callable[..., Any], open_wire: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    stall = await open_stall()
    wire = await open_wire(stall.url)
    async with terminal(wire.url) as t:
        await t.sign_in()
        await t.open_meter(SHOP)
        await ask_for(t, "50")
        wire.swallows_answers = True
        await confirm_with(t, "0201")
        await t.at(ResendScreen)
        assert wire.swallowed
        assert "is not known" in t.text.replace("\n", " ")
        wire.swallows_answers = False
        assert t.the(Button, "#cancel").has_focus
        await t.press("enter")
        await t.at(MeterScreen)
        await t.press("s")
        await t.at(ResendScreen)
        await t.pilot.click("#send")
        await t.at(MeterScreen)
        await t.until(lambda: t.the(CommandProgress).said.startswith("Sale: done"))
    assert await sales_of(stall) == 1
    assert stall.farm.meter(SHOP).purchase_count == 7
    assert stall.farm.meter(SHOP).total_purchased_fen == 350_00


async def test_what_the_platform_declines_is_said_in_its_words(
    open_stall: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    from prewatt_platform.operators.models import Role

    stall = await open_stall()
    await stall.deployment.operator("vera", Role.VIEWER)
    async with terminal(stall.url, name="vera") as t:
        await t.sign_in()
        await t.open_meter(SHOP)
        await ask_for(t, "50")
        await confirm_with(t, "0201")
        await t.at(MeterScreen)
        await t.until(lambda: t.the(CommandProgress).said.startswith("Not done: "))
    assert stall.farm.journal.writes() == []


async def test_an_unanswered_sale_says_not_to_sell_again_and_goes_on_by_itself(
    open_stall: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    from prewatt_simulator.faults import Fault, FaultKind

    stall = await open_stall()
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.open_meter(SHOP)
        fault = stall.farm.faults.add(Fault(kind=FaultKind.LOSE_REQUEST, meter=SHOP))
        await ask_for(t, "50")
        await confirm_with(t, "0201")
        await t.at(MeterScreen)
        await t.until(lambda: "do not sell again" in t.notice)
        await t.press("s")
        await t.pilot.pause()
        assert isinstance(t.app.screen, MeterScreen)
        stall.farm.faults.remove(fault)
