"""The ways to a decision: form, then confirmation, for a sale, a control mode, an account.

Each gives the intent that the operator confirmed, or None when it was cancelled. Nothing is sent from here.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from prewatt_tui.confirmations import confirmation
from prewatt_tui.models.meter import MeterDetail
from prewatt_tui.requests import ActionRequest, OpenAccount, Sell, SetControlMode
from prewatt_tui.screens.confirm import ConfirmScreen
from prewatt_tui.screens.control_mode import ControlModeScreen
from prewatt_tui.screens.dialog import Dialog
from prewatt_tui.screens.open_account import OpenAccountScreen
from prewatt_tui.screens.sell import SellScreen
from prewatt_tui.session_context import SessionContext

Ask = Callable[[Dialog[Any]], Awaitable[Any]]
"""Puts a dialog before the operator and waits for the answer."""

Decide = Callable[[Ask, MeterDetail, SessionContext], Awaitable[ActionRequest | None]]
"""A way to a decision about a meter."""


async def on_sale(ask: Ask, meter: MeterDetail, session_context: SessionContext) -> ActionRequest | None:
    """How much to sell."""
    amount = await ask(SellScreen(meter, session_context.project.currency))
    if amount is None:
        return None
    return await _confirmed(
        ask, meter, Sell(key=session_context.new_key(), meter_number=meter.number, amount=amount)
    )


async def on_control_mode(
    ask: Ask, meter: MeterDetail, session_context: SessionContext
) -> ActionRequest | None:
    """Which control mode, and why."""
    chosen = await ask(ControlModeScreen(meter))
    if chosen is None:
        return None
    mode, reason = chosen
    request = SetControlMode(
        key=session_context.new_key(), meter_number=meter.number, mode=mode, reason=reason
    )
    return await _confirmed(ask, meter, request)


async def on_account(ask: Ask, meter: MeterDetail, session_context: SessionContext) -> ActionRequest | None:
    """Whose account."""
    answer = await ask(OpenAccountScreen(meter))
    if answer is None:
        return None
    customer, phone = answer
    request = OpenAccount(
        key=session_context.new_key(), meter_number=meter.number, customer=customer, phone=phone
    )
    return await _confirmed(ask, meter, request)


async def _confirmed(ask: Ask, meter: MeterDetail, request: ActionRequest) -> ActionRequest | None:
    return request if await ask(ConfirmScreen(confirmation(meter, request))) else None
