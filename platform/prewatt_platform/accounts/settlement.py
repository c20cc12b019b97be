"""Settles money orders by readings: a fresh reading that shows count and total is evidence like any other read-back.

Called in the transaction that stores the readings. Only APPLIED is concluded here. A reading that shows something else
may have been taken before the order's frame left, so it makes the order due, and the handler reads the meter itself.
"""

import contextlib
from collections.abc import Mapping
from uuid import UUID

from prewatt_platform.accounts import rules
from prewatt_platform.accounts.models import Order
from prewatt_platform.accounts.posting import post_applied
from prewatt_platform.accounts.repository import OrderRepository
from prewatt_platform.accounts.rules import Verdict
from prewatt_platform.control.errors import CommandChanged
from prewatt_platform.control.models import Command
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.field.messages import Evidence, MeterReading
from prewatt_platform.kernel.tenancy import Work


async def settle_from_readings(work: Work, readings: Mapping[UUID, MeterReading]) -> None:
    """End the orders that these fresh readings (by meter id) prove, and make the meters' other commands due."""
    if not readings:
        return
    commands = CommandRepository(work)
    open_commands = await commands.open_on(list(readings))
    if not open_commands:
        return
    orders = await OrderRepository(work).by_commands([command.id for command in open_commands])
    waiting = []
    for command in open_commands:
        reading = readings[command.meter_id]
        if not await _settled(work, command, orders.get(command.id), reading):
            waiting.append(command.id)
    await commands.make_due(waiting)


async def _settled(work: Work, command: Command, order: Order | None, reading: MeterReading) -> bool:
    evidence = _evidence(reading)
    if order is None or order.plan is None or evidence is None:
        return False
    if rules.judge(order.plan, evidence) is not Verdict.APPLIED:
        return False
    # a worker that moved the command since it was read here has better evidence
    with contextlib.suppress(CommandChanged):
        await post_applied(work, command, order, evidence)
    return True


def _evidence(reading: MeterReading) -> Evidence | None:
    read = reading.prepaid
    if read is None:
        return None
    return Evidence(
        at=reading.at,
        purchase_count=read.purchase_count,
        total_purchased_fen=read.total_purchased_fen,
        remaining_fen=read.remaining_fen,
        money_control=read.money_control,
        raw=reading.raw,
    )
