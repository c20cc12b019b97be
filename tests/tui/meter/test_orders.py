"""Refund, reverse, cancel and resolve from the terminal: both sides shown, a reason asked for, nothing sent by `esc`."""

from collections.abc import Callable
from typing import Any

import pytest
from textual.widgets import OptionList, Static

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.wire.pdu import write_multiple
from prewatt_simulator.faults import Fault
from prewatt_tui.screens.confirm import ConfirmScreen
from prewatt_tui.screens.meter import MeterScreen
from prewatt_tui.screens.orders import OrdersScreen
from prewatt_tui.screens.reason import ReasonScreen
from prewatt_tui.screens.refund import RefundScreen
from prewatt_tui.screens.resolve import ResolveScreen
from prewatt_tui.screens.sell import SellScreen
from prewatt_tui.widgets.command_progress import CommandProgress

pytestmark = pytest.mark.anyio

SHOP = "0000010201"
POSTPAID = "0000010101"


async def orders_of(t: Any) -> OrdersScreen:
    await t.press("m")
    screen: OrdersScreen = await t.at(OrdersScreen)
    await t.until(lambda: "loading" not in str(t.the(Static, "#agreement").render()))
    return screen


async def confirm(t: Any, said: str) -> None:
    """Type the end of the number, press the button, and wait for what the page says then."""
    await t.at(ConfirmScreen)
    t.type_in("#typed", "0201")
    await t.pilot.pause()
    await t.press("enter", "enter")
    await t.at(MeterScreen)
    await t.until(lambda: said in t.the(CommandProgress).said)


async def sell(t: Any, amount: str, said: str) -> None:
    await t.press("s")
    await t.at(SellScreen)
    t.type_in("#amount", amount)
    await t.press("enter")
    await confirm(t, said)


async def give_reason(t: Any, reason: str) -> None:
    await t.at(ReasonScreen)
    t.type_in("#reason", reason)
    await t.press("enter")


async def test_a_refund_then_a_reversal_end_on_the_meter(
    open_stall: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    stall = await open_stall()
    meter = stall.farm.meter(SHOP)
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.open_meter(SHOP)
        await sell(t, "50", "Sale: done")
        await orders_of(t)
        await t.press("b")
        await t.at(RefundScreen)
        t.type_in("#amount", "20")
        await t.press("enter", "enter")
        assert "A reason is needed" in t.told
        t.type_in("#reason", "moves out")
        await t.press("enter")
        await t.at(ConfirmScreen)
        assert "Refund 20.00 yuan: moves out" in t.text
        assert "purchase count  7 -> 8" in t.text
        await confirm(t, "Refund: done")
        assert (meter.purchase_count, meter.total_purchased_fen) == (8, 330_00)
        await sell(t, "1", "Sale: done")
        await orders_of(t)
        assert "purchase count: orders 9, meter" in t.text
        assert "SALE" not in t.text
        await t.press("v")
        await give_reason(t, "mistyped")
        await confirm(t, "Reversal: done")
        assert (meter.purchase_count, meter.total_purchased_fen) == (10, 330_00)
        await orders_of(t)
        assert t.the(OptionList).option_count == 4
        await t.press("v")
        assert isinstance(t.app.screen, OrdersScreen), "the newest order is a reversal: nothing to reverse"


async def test_a_disputed_order_is_decided_and_the_meter_freed(
    open_stall: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    stall = await open_stall()
    limit = stall.farm.meter(SHOP).profile.register(Measurement.HOARDING_LIMIT)
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.open_meter(SHOP)
        await sell(t, "1", "Sale: done")
        stall.farm.ask(SHOP, write_multiple(limit.address, (40_000).to_bytes(4, "big")))
        await sell(t, "5000", "a person has to decide")
        await t.press("f")
        await t.until(lambda: "Reading: done" in t.the(CommandProgress).said)
        await orders_of(t)
        assert "ON HOLD" in t.text
        await t.press("d")
        await t.at(ResolveScreen)
        t.type_in("#reason", "the meter refused it")
        await t.press("enter")
        t.the(OptionList).highlighted = 1
        await t.press("enter")
        await t.at(ConfirmScreen)
        assert "DISPUTED -> voided" in t.text
        await confirm(t, "Sale: cancelled")
        await orders_of(t)
        await t.press("h")
        await give_reason(t, "looked at it")
        await confirm(t, "Registers confirmed: done")
        await sell(t, "1", "Sale: done")


async def test_an_order_under_way_is_cancelled(
    open_stall: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    stall = await open_stall()
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.open_meter(SHOP)
        stall.farm.faults.add(Fault(kind="dead-meter", meter=SHOP))
        await sell(t, "5", "waiting for the meter's turn")
        await orders_of(t)
        await t.press("x")
        await give_reason(t, "wrong shop")
        await confirm(t, "Sale: cancelled before it was sent")


async def test_no_way_out_sends_a_frame(stall: Any, terminal: Callable[..., Any]) -> None:
    async with terminal(stall.url) as t:
        await t.sign_in()
        await t.open_meter(POSTPAID)
        await t.press("m")
        assert isinstance(t.app.screen, MeterScreen), "a post-paid meter has no orders"
        await t.press("escape")
        await t.open_meter(SHOP)
        screen: Any = await orders_of(t)
        for hint in ("b Refund", "v Reverse", "x Cancel", "d Resolve", "h Free", "esc Back", "? Help"):
            assert hint in t.lines[-1]
        for key in ("v", "x", "d", "h"):
            await t.press(key)
            assert t.app.screen == screen, "nothing is there to be reversed, cancelled, resolved or freed"
        await t.press("b")
        await t.at(RefundScreen)
        await t.press("escape")
        await t.at(MeterScreen)
        await orders_of(t)
        await t.press("escape")
        await t.at(MeterScreen)
        await t.settled()
    assert stall.farm.journal.writes() == []
