"""The ways to a decision: form, then confirmation, for a sale, an order, a control mode, an account.

Each gives the intent that the operator confirmed, or None when it was cancelled. Nothing is sent from here.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from textual.screen import Screen

from prewatt_tui import formatting
from prewatt_tui.confirmations import confirmation
from prewatt_tui.language import tr
from prewatt_tui.models.meter import MeterDetail
from prewatt_tui.requests import (
    ActionRequest,
    CancelOrder,
    ConfirmRegisters,
    OpenAccount,
    Refund,
    Resolve,
    Reverse,
    Sell,
    SetControlMode,
)
from prewatt_tui.screens.confirm import ConfirmScreen
from prewatt_tui.screens.control_mode import ControlModeScreen
from prewatt_tui.screens.open_account import OpenAccountScreen
from prewatt_tui.screens.orders import OrderAction, OrdersScreen, Wanted, agreement
from prewatt_tui.screens.reason import ReasonScreen
from prewatt_tui.screens.refund import RefundScreen
from prewatt_tui.screens.resolve import ResolveScreen
from prewatt_tui.screens.sell import SellScreen
from prewatt_tui.session_context import SessionContext

Ask = Callable[[Screen[Any]], Awaitable[Any]]
"""Puts a dialog or page before the operator and waits for the answer."""

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


async def on_orders(ask: Ask, meter: MeterDetail, session_context: SessionContext) -> ActionRequest | None:
    """What to do about the meter's money orders."""
    wanted: Wanted | None = await ask(OrdersScreen(meter, session_context))
    if wanted is None:
        return None
    request = await _ORDER_FORMS[wanted.action](ask, meter, session_context, wanted)
    return None if request is None else await _confirmed(ask, meter, request)


async def _refund(
    ask: Ask, meter: MeterDetail, session_context: SessionContext, _: Wanted
) -> ActionRequest | None:
    answer = await ask(RefundScreen(meter, session_context.project.currency))
    if answer is None:
        return None
    amount, reason = answer
    return Refund(key=session_context.new_key(), meter_number=meter.number, amount=amount, reason=reason)


async def _reverse(
    ask: Ask, meter: MeterDetail, session_context: SessionContext, wanted: Wanted
) -> ActionRequest | None:
    return await _about_order(ask, meter, session_context, wanted, tr("Reverse sale {receipt}"), Reverse)


async def _cancel(
    ask: Ask, meter: MeterDetail, session_context: SessionContext, wanted: Wanted
) -> ActionRequest | None:
    return await _about_order(ask, meter, session_context, wanted, tr("Cancel order {receipt}"), CancelOrder)


async def _about_order(
    ask: Ask,
    meter: MeterDetail,
    session_context: SessionContext,
    wanted: Wanted,
    title: str,
    request: type[Reverse | CancelOrder],
) -> ActionRequest | None:
    """Why something is to be done about the order; `title` has a place for its receipt."""
    assert wanted.order is not None
    heading = title.format(receipt=wanted.order.receipt_number)
    reason = await ask(ReasonScreen(heading, formatting.money(wanted.order.amount)))
    if reason is None:
        return None
    key = session_context.new_key()
    return request(key=key, meter_number=meter.number, order=wanted.order, reason=reason)


async def _resolve(
    ask: Ask, meter: MeterDetail, session_context: SessionContext, wanted: Wanted
) -> ActionRequest | None:
    assert wanted.order is not None
    answer = await ask(ResolveScreen(wanted.order, wanted.reconciliation))
    if answer is None:
        return None
    delivered, reason = answer
    return Resolve(
        key=session_context.new_key(),
        meter_number=meter.number,
        order=wanted.order,
        delivered=delivered,
        reason=reason,
    )


async def _confirm_registers(
    ask: Ask, meter: MeterDetail, session_context: SessionContext, wanted: Wanted
) -> ActionRequest | None:
    title = tr("Free {number}  {place}", number=meter.number, place=meter.place)
    reason = await ask(ReasonScreen(title, agreement(wanted.reconciliation)))
    if reason is None:
        return None
    return ConfirmRegisters(key=session_context.new_key(), meter_number=meter.number, reason=reason)


_OrderForm = Callable[[Ask, MeterDetail, SessionContext, Wanted], Awaitable[ActionRequest | None]]

_ORDER_FORMS: Final[Mapping[OrderAction, _OrderForm]] = {
    OrderAction.REFUND: _refund,
    OrderAction.REVERSE: _reverse,
    OrderAction.CANCEL: _cancel,
    OrderAction.RESOLVE: _resolve,
    OrderAction.CONFIRM_REGISTERS: _confirm_registers,
}


async def _confirmed(ask: Ask, meter: MeterDetail, request: ActionRequest) -> ActionRequest | None:
    return request if await ask(ConfirmScreen(confirmation(meter, request))) else None
