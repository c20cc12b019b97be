"""The ways to a decision: form, then confirmation, for a sale, a control mode, an account.

Each gives the intent that the operator confirmed, or None when it was cancelled. Nothing is sent from here.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from prewatt_tui.confirmations import confirmation
from prewatt_tui.intents import Intent, OpenAccount, Sell, SetControlMode
from prewatt_tui.models.meter import MeterDetail
from prewatt_tui.screens.confirm import ConfirmScreen
from prewatt_tui.screens.control_mode import ControlModeScreen
from prewatt_tui.screens.dialog import Dialog
from prewatt_tui.screens.open_account import OpenAccountScreen
from prewatt_tui.screens.sell import SellScreen
from prewatt_tui.workplace import Workplace

Ask = Callable[[Dialog[Any]], Awaitable[Any]]
"""Puts a dialog before the operator and waits for the answer."""

Decide = Callable[[Ask, MeterDetail, Workplace], Awaitable[Intent | None]]
"""A way to a decision about a meter."""


async def on_sale(ask: Ask, meter: MeterDetail, workplace: Workplace) -> Intent | None:
    """How much to sell."""
    amount = await ask(SellScreen(meter, workplace.project.currency))
    if amount is None:
        return None
    return await _confirmed(
        ask, meter, Sell(key=workplace.new_key(), meter_number=meter.number, amount=amount)
    )


async def on_control_mode(ask: Ask, meter: MeterDetail, workplace: Workplace) -> Intent | None:
    """Which control mode, and why."""
    chosen = await ask(ControlModeScreen(meter))
    if chosen is None:
        return None
    mode, reason = chosen
    intent = SetControlMode(key=workplace.new_key(), meter_number=meter.number, mode=mode, reason=reason)
    return await _confirmed(ask, meter, intent)


async def on_account(ask: Ask, meter: MeterDetail, workplace: Workplace) -> Intent | None:
    """Whose account."""
    answer = await ask(OpenAccountScreen(meter))
    if answer is None:
        return None
    customer, phone = answer
    intent = OpenAccount(key=workplace.new_key(), meter_number=meter.number, customer=customer, phone=phone)
    return await _confirmed(ask, meter, intent)


async def _confirmed(ask: Ask, meter: MeterDetail, intent: Intent) -> Intent | None:
    return intent if await ask(ConfirmScreen(confirmation(meter, intent))) else None
