"""Steps that all money orders share while their meter's bus is held: evidence, plan, send, settle, dispute."""

import contextlib
from collections.abc import Awaitable
from dataclasses import dataclass

from prewatt_fixtures.wire.vendor import VendorReply, VendorResult
from prewatt_platform.accounts import rules
from prewatt_platform.accounts.models import Order
from prewatt_platform.accounts.posting import adopt_counter, currency_of, post_applied, post_fenced
from prewatt_platform.accounts.repository import OrderRepository, PolicyRepository
from prewatt_platform.accounts.rules import Plan, Verdict
from prewatt_platform.control.models import CommandState
from prewatt_platform.control.task import Task
from prewatt_platform.field.driver import Lane
from prewatt_platform.field.errors import FieldError, MeterRefused
from prewatt_platform.field.messages import Evidence
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger.service import Ledger
from prewatt_platform.metering.errors import StalePicture
from prewatt_platform.metering.models import MeterEpoch
from prewatt_platform.metering.readings import ReadingRepository
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.metering.rules import counted_on, is_stale


@dataclass
class OrderTask:
    """A money order being carried out, with the lane of its meter."""

    task: Task
    order: Order
    lane: Lane

    async def plan(self) -> Plan | None:
        """The committed plan, made from fresh evidence if there is none; None: voided, it cannot go to this meter."""
        if self.order.plan is not None:
            return self.order.plan
        evidence = await self.lane.evidence()
        await self._check_freshness(evidence)
        return await self._commit_plan(evidence)

    async def send(self, exchange: Awaitable[VendorReply]) -> str | None:
        """Send one frame, once, and note that it left; the meter's reason when it refused outright."""
        try:
            reply = await exchange
        except FieldError as failure:
            await self.task.move(CommandState.SENT, str(failure))
            return str(failure) if isinstance(failure, MeterRefused) and failure.permanent else None
        if reply.result is VendorResult.DONE:
            await self.task.move(CommandState.ECHOED)
            return None
        answer = reply.result.name.lower().replace("_", " ")
        await self.task.move(CommandState.SENT, f"the meter answered: {answer}")
        return answer

    async def settled(self, plan: Plan, evidence: Evidence, *, fencing: bool = False) -> bool:
        """Whether the evidence ends the order; then it is ended."""
        match rules.judge(plan, evidence, fencing=fencing):
            case Verdict.NOT_APPLIED:
                return False
            case Verdict.CONTRADICTION:
                await self._check_freshness(evidence)
                await self.dispute(rules.contradiction(plan, evidence))
            case Verdict.FENCED:
                await self._check_freshness(evidence)
                await self._post_fenced(evidence)
            case Verdict.APPLIED:
                await self._post_applied(evidence)
        return True

    async def dispute(self, reason: str) -> None:
        """Leave the order to a person; its money stays reserved and its meter is on hold."""

        async def hold(work: Work) -> None:
            await MeterRepository(work).hold(self.task.meter.id, f"disputed order: {reason}")

        await self.task.move(CommandState.DISPUTED, reason, attempted=True, also=hold)

    async def _check_freshness(self, evidence: Evidence) -> None:
        """Raise `StalePicture` when the meter repeats an old register picture: that proves nothing.

        Asked before an order is planned, disputed or given up. APPLIED needs no such proof: count and total never stood
        so before.
        """
        async with self.task.database.project(self.task.scope) as work:
            seen = await ReadingRepository(work).seen(self.task.meter.id)
        if is_stale(seen, evidence.at, evidence.meter_clock, None):
            # a clock that was set back looks the same, so the energy decides
            shown = await self.lane.freshness()
            energy_centikwh = counted_on(
                None if seen is None else seen.energy_centikwh,
                shown.energy_centikwh,
                shown.energy_range_centikwh,
            )
            if is_stale(seen, shown.at, shown.meter_clock, energy_centikwh):
                raise StalePicture(self.task.meter.number, shown.meter_clock)

    async def _commit_plan(self, evidence: Evidence) -> Plan | None:
        task, order = self.task, self.order
        async with task.database.project(task.scope) as work:
            meters = MeterRepository(work)
            meter = await meters.by_id(task.meter.id, for_update=True)
            assert meter is not None
            epoch = await meters.epoch(meter)
            assert epoch is not None, "only meters with an epoch have money orders"
            plan = Plan(evidence.purchase_count + 1, evidence.total_purchased_fen, order.change_fen)
            foreign = await _foreign_change(work, order, epoch, evidence)
            policy = await PolicyRepository(work).policy()
            refusal = foreign or rules.refusal_before_sending(plan, evidence, policy.hoarding_limit_fen)
            if refusal is not None:
                if foreign is not None:
                    await meters.hold(meter.id, foreign)
                await task.move_in(work, CommandState.VOIDED, f"nothing was sent: {refusal}", attempted=True)
                await Ledger(work, await currency_of(work)).void(order.command_id, reason=refusal)
                return None
            work.session.add(order)
            order.planned_count = plan.purchase_count
            order.total_before_fen = plan.total_before_fen
            await task.move_in(work, CommandState.PLANNED)
        return plan

    async def _post_applied(self, evidence: Evidence) -> None:
        async with self.task.database.project(self.task.scope) as work:
            await post_applied(work, self.task.command, self.order, evidence)
        # the new credit on the screens; the order does not depend on it
        with contextlib.suppress(FieldError):
            await self.task.store(await self.lane.read())

    async def _post_fenced(self, evidence: Evidence) -> None:
        async with self.task.database.project(self.task.scope) as work:
            await post_fenced(work, self.task.command, self.order, evidence)


async def _foreign_change(work: Work, order: Order, epoch: MeterEpoch, evidence: Evidence) -> str | None:
    """Adopt the counter of a meter that came to us opened; else say whether it moved without us."""
    if epoch.opening_count is None or epoch.opening_total_fen is None:
        await adopt_counter(
            work, epoch, order.point_id, evidence.purchase_count, evidence.total_purchased_fen
        )
        return None
    expected_count, changed_fen = await OrderRepository(work).applied(epoch)
    if expected_count is None:
        expected_count = epoch.opening_count
    return rules.foreign_change(expected_count, epoch.opening_total_fen + changed_fen, evidence)
