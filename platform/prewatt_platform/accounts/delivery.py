"""Carries a money order to its meter, exactly once (`docs/operators.md`; the rules themselves are in `rules`).

    RESERVED ─evidence→ PLANNED(count, total) ─committed─ frame ─→ SENT or ECHOED ─evidence→ APPLIED
                                                                       └─ no evidence → UNKNOWN, asked again later
    cancelled before PLANNED: VOIDED; later: FENCING ─frame (count, 0)─evidence→ APPLIED or VOIDED

Whatever happens after PLANNED was committed, including the death of this process between any two lines, the next
worker begins with evidence and lands in the same table. Nothing is ever counted as delivered on the meter's word alone.
"""

from prewatt_fixtures.profile import profile
from prewatt_fixtures.wire.vendor import MoneyControl, TopUp
from prewatt_platform.accounts import rules
from prewatt_platform.accounts.order_task import OrderTask
from prewatt_platform.accounts.repository import OrderRepository
from prewatt_platform.control.models import TOP_UP_KINDS, CommandState
from prewatt_platform.control.rules import Obstacle
from prewatt_platform.control.task import Task
from prewatt_platform.field.errors import FieldError
from prewatt_platform.metering.errors import GatewayUnreachable, StalePicture

_SHOWS_NOTHING = "the meter does not show it yet"


async def deliver_order(task: Task) -> None:
    """Bring one order to APPLIED, VOIDED or DISPUTED, or leave it with a time to come back."""
    async with task.database.project(task.scope) as work:
        order = await OrderRepository(work).by_command(task.command.id)
    assert order is not None, "an order and its command are written together"
    fencing = task.command.state == CommandState.FENCING
    try:
        async with task.lane() as lane:
            if task.command.attempts:
                # a meter that was silent is not asked with all retries: others wait for the bus
                await lane.probe()
            step = OrderTask(task, order, lane)
            if fencing:
                await _fence(step)
            elif order.kind in TOP_UP_KINDS:
                await _top_up(step)
            else:
                await _take_back(step)
    except (FieldError, GatewayUnreachable, StalePicture) as failure:
        if fencing or task.command.state == CommandState.RESERVED:
            await task.retry(task.command.state, failure)
        else:
            # from PLANNED on only the meter knows
            await task.retry(CommandState.UNKNOWN, failure)


async def _top_up(step: OrderTask) -> None:
    """Send the frame of a sale or grant. The purchase count makes the same frame harmless when it arrives again."""
    resumed = step.order.plan is not None
    plan = await step.plan()
    if plan is None or (resumed and await step.settled(plan, await step.lane.evidence())):
        return
    prepayment = profile(step.task.meter.model).prepayment
    assert prepayment is not None
    resend = prepayment.counter_rule in rules.RESENDING_RULES
    refusal = None
    for _ in range(rules.SENDS_AT_ONCE_MAX if resend else 1):
        refusal = await step.send(step.lane.top_up(TopUp(plan.change_fen, plan.purchase_count)))
        if await step.settled(plan, await step.lane.evidence()):
            return
        if refusal is not None:
            break
    await _not_there(step, refusal)


async def _take_back(step: OrderTask) -> None:
    """Write credit, count and total of a refund or reversal in one frame, computed from the credit of now.

    The frame is absolute, so it is never sent again as it was: each attempt reads first. That an older frame of this
    order does not arrive later is the master's promise (`field.master`, rule *Prove*): when the meter has answered
    this hold's reads, whatever was sent before has come or never will.
    """
    plan = await step.plan()
    if plan is None:
        return
    now = await step.lane.evidence()
    if await step.settled(plan, now):
        return
    left_fen = now.remaining_fen + plan.change_fen
    if left_fen < 0:
        await step.dispute(
            f"the credit fell to {rules.yuan(now.remaining_fen)} before the meter had the order"
        )
        return
    refusal = await step.send(
        step.lane.money_control(
            MoneyControl(
                remaining_fen=left_fen,
                purchase_count=plan.purchase_count,
                total_purchased_fen=plan.total_after_fen,
            )
        )
    )
    if not await step.settled(plan, await step.lane.evidence()):
        await _not_there(step, refusal)


async def _fence(step: OrderTask) -> None:
    """Use up the purchase count of a cancelled sale with a frame of amount 0, so that its own frame can never be applied."""
    plan = step.order.plan
    assert plan is not None, "an order that was never planned is voided at once"
    if await step.settled(plan, await step.lane.evidence(), fencing=True):
        return
    await step.lane.top_up(TopUp(0, plan.purchase_count))
    if not await step.settled(plan, await step.lane.evidence(), fencing=True):
        await step.task.ask_again(CommandState.FENCING, _SHOWS_NOTHING, Obstacle.LOSS)


async def _not_there(step: OrderTask, refusal: str | None) -> None:
    if refusal is None:
        await step.task.ask_again(CommandState.SENT, _SHOWS_NOTHING, Obstacle.LOSS)
    else:
        await step.dispute(f"the meter refused it: {refusal}")
