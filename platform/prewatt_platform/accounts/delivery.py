"""Carries a sale to its meter, exactly once (`docs/operators.md`; the rules themselves are in `rules`).

    RESERVED ─evidence→ PLANNED(count, total) ─committed─ frame ─→ SENT or ECHOED ─evidence→ APPLIED
                                                                       └─ no evidence → UNKNOWN, asked again later

Whatever happens after PLANNED was committed, including the death of this process between any two lines, the next
worker begins with evidence and lands in the same table. Nothing is ever counted as delivered on the meter's word alone.
"""

import contextlib

from prewatt_fixtures.profile import profile
from prewatt_fixtures.wire.vendor import TopUp, VendorResult
from prewatt_platform.accounts import rules
from prewatt_platform.accounts.models import Sale
from prewatt_platform.accounts.posting import currency_of, post_applied
from prewatt_platform.accounts.repository import SaleRepository
from prewatt_platform.accounts.rules import Plan, Verdict
from prewatt_platform.control.models import CommandState
from prewatt_platform.control.rules import Obstacle
from prewatt_platform.control.task import Task
from prewatt_platform.field.driver import Lane
from prewatt_platform.field.errors import FieldError, MeterRefused
from prewatt_platform.field.messages import Evidence
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger.service import Ledger
from prewatt_platform.metering.errors import GatewayUnreachable, StalePicture
from prewatt_platform.metering.models import MeterEpoch
from prewatt_platform.metering.readings import ReadingRepository
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.metering.rules import is_stale


async def deliver_sale(task: Task) -> None:
    """Bring one sale to APPLIED, VOIDED or DISPUTED, or leave it with a time to come back."""
    async with task.database.project(task.scope) as work:
        sale = await SaleRepository(work).by_command(task.command.id)
    assert sale is not None, "a sale and its command are written together"
    try:
        async with task.lane() as lane:
            if task.command.attempts:
                # a meter that was silent is not asked with all retries: others wait for the bus
                await lane.probe()
            await _deliver(task, sale, lane)
    except (FieldError, GatewayUnreachable, StalePicture) as failure:
        # before PLANNED nothing has left; from then on only the meter knows
        waiting = (
            CommandState.RESERVED if task.command.state == CommandState.RESERVED else CommandState.UNKNOWN
        )
        await task.retry(waiting, failure)


async def _deliver(task: Task, sale: Sale, lane: Lane) -> None:
    if sale.planned_count is None:
        evidence = await lane.evidence()
        await _check_freshness(task, lane, evidence)
        plan = await _commit_plan(task, sale, evidence)
        if plan is None:
            return
    else:
        assert sale.total_before_fen is not None
        plan = Plan(sale.planned_count, sale.total_before_fen, sale.amount_fen)
        if await _settle(task, sale, plan, await lane.evidence(), lane):
            return
    await _send_until_settled(task, sale, plan, lane)


async def _check_freshness(task: Task, lane: Lane, evidence: Evidence) -> None:
    """Raise `StalePicture` when the meter repeats an old register picture: that proves nothing.

    Asked before an order is planned and before one is disputed. APPLIED needs no such proof: count and total never
    stood so before.
    """
    async with task.database.project(task.scope) as work:
        seen = await ReadingRepository(work).seen(task.meter.id)
    if is_stale(seen, evidence.at, evidence.meter_clock, None):
        # a clock that was set back looks the same, so the energy decides
        shown = await lane.freshness()
        if is_stale(seen, shown.at, shown.meter_clock, shown.energy_centikwh):
            raise StalePicture(task.meter.number, shown.meter_clock)


async def _commit_plan(task: Task, sale: Sale, evidence: Evidence) -> Plan | None:
    """The committed plan; None when the order was voided because it cannot go to this meter."""
    async with task.database.project(task.scope) as work:
        meters = MeterRepository(work)
        meter = await meters.by_id(task.meter.id, for_update=True)
        assert meter is not None
        epoch = await meters.epoch(meter)
        assert epoch is not None, "only meters with an epoch are sold to"
        foreign = await _foreign_change(work, sale, epoch, evidence)
        plan = Plan(evidence.purchase_count + 1, evidence.total_purchased_fen, sale.amount_fen)
        refusal = foreign or rules.refusal_before_sending(plan, evidence)
        if refusal is not None:
            if foreign is not None:
                await meters.hold(meter.id, foreign)
            await Ledger(work, await currency_of(work)).void(sale.command_id, reason=refusal)
            await task.move_in(work, CommandState.VOIDED, f"nothing was sent: {refusal}", attempted=True)
            return None
        work.session.add(sale)
        sale.planned_count = plan.purchase_count
        sale.total_before_fen = plan.total_before_fen
        await task.move_in(work, CommandState.PLANNED)
    return plan


async def _foreign_change(work: Work, sale: Sale, epoch: MeterEpoch, evidence: Evidence) -> str | None:
    """Adopt the counter of a meter that came to us opened; else say whether it moved without us."""
    if epoch.opening_count is None or epoch.opening_total_fen is None:
        epoch.opening_count = evidence.purchase_count
        epoch.opening_total_fen = evidence.total_purchased_fen
        ledger = Ledger(work, await currency_of(work))
        await ledger.adopt(sale.meter_id, sale.point_id, evidence.total_purchased_fen)
        return None
    last_count, sold_fen = await SaleRepository(work).applied(epoch)
    expected_count = epoch.opening_count if last_count is None else last_count
    return rules.foreign_change(expected_count, epoch.opening_total_fen + sold_fen, evidence)


async def _send_until_settled(task: Task, sale: Sale, plan: Plan, lane: Lane) -> None:
    prepayment = profile(task.meter.model).prepayment
    assert prepayment is not None
    resend = prepayment.counter_rule in rules.RESENDING_RULES
    refusal = None
    for _ in range(rules.SENDS_AT_ONCE_MAX if resend else 1):
        refusal = await _send(task, plan, lane)
        if await _settle(task, sale, plan, await lane.evidence(), lane):
            return
        if refusal is not None:
            break
    if refusal is None:
        await task.ask_again(CommandState.SENT, "the meter does not show it yet", Obstacle.LOSS)
    else:
        await _dispute(task, f"the meter refused it: {refusal}")


async def _send(task: Task, plan: Plan, lane: Lane) -> str | None:
    """Send the frame once and note that it left; the meter's reason when it refused outright."""
    try:
        reply = await lane.top_up(TopUp(plan.amount_fen, plan.purchase_count))
    except FieldError as failure:
        await task.move(CommandState.SENT, str(failure))
        return str(failure) if isinstance(failure, MeterRefused) and failure.permanent else None
    if reply.result is VendorResult.DONE:
        await task.move(CommandState.ECHOED)
        return None
    answer = reply.result.name.lower().replace("_", " ")
    await task.move(CommandState.SENT, f"the meter answered: {answer}")
    return answer


async def _settle(task: Task, sale: Sale, plan: Plan, evidence: Evidence, lane: Lane) -> bool:
    """Whether the evidence ends the order; then it is ended."""
    match rules.judge(plan, evidence):
        case Verdict.NOT_APPLIED:
            return False
        case Verdict.CONTRADICTION:
            await _check_freshness(task, lane, evidence)
            await _dispute(task, rules.contradiction(plan, evidence))
        case Verdict.APPLIED:
            await _post(task, sale, evidence)
            # the new credit on the screens; the order does not depend on it
            with contextlib.suppress(FieldError):
                await task.store(await lane.read())
    return True


async def _post(task: Task, sale: Sale, evidence: Evidence) -> None:
    async with task.database.project(task.scope) as work:
        await post_applied(work, task.command, sale, evidence, task.meter.number)


async def _dispute(task: Task, reason: str) -> None:
    async def hold(work: Work) -> None:
        await MeterRepository(work).hold(task.meter.id, f"disputed order: {reason}")

    await task.move(CommandState.DISPUTED, reason, attempted=True, also=hold)
