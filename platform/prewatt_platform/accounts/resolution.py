"""Decisions of a person: the end of a disputed order, and a new epoch for a meter on hold.

Both need a reading of the meter that is younger than `fresh_reading.EVIDENCE_AGE_MAX`, so that the person decides by registers of
now. What the order expected, what the meter shows, and the reason are in the audit event.
"""

from typing import Any
from uuid import UUID

from prewatt_platform.accounts.errors import (
    NoFreshReading,
    NotDisputed,
    NotOnHold,
    OrderDisputed,
    OrderOpen,
    UnknownOrder,
)
from prewatt_platform.accounts.fresh_reading import fresh_reading
from prewatt_platform.accounts.models import AccountState
from prewatt_platform.accounts.posting import apply, currency_of
from prewatt_platform.accounts.repository import AccountRepository, OrderRepository, PolicyRepository
from prewatt_platform.accounts.rules import Plan, adjustment, yuan
from prewatt_platform.control.idempotency import once
from prewatt_platform.control.models import MONEY_KINDS, Command, CommandKind, CommandState
from prewatt_platform.control.reason import given_reason
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.control.second_person import agreed
from prewatt_platform.control.service import new_command
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger import rules as ledger_rules
from prewatt_platform.ledger.models import Step, TransferKind
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKey, AccountKind, Funding
from prewatt_platform.ledger.service import Ledger
from prewatt_platform.metering.models import Meter, MeterEpoch, Reading
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.metering.service import MeteringService


class ResolutionService:
    """Decisions in one project, inside one unit of work."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._commands = CommandRepository(work)
        self._meters = MeterRepository(work)

    async def resolve(
        self, key: UUID, order: UUID, reason: str, *, delivered: bool
    ) -> tuple[Command | None, bool]:
        """End a disputed order: the meter has carried it out, or not and its money goes back; (command, replayed).

        None: proposed to a second person. An opening can only end as not delivered: its account is closed, and can be
        opened anew. The meter stays on hold until `confirm_epoch`. Raises `UnknownOrder`, `NotDisputed`,
        `NoFreshReading`, `ReasonMissing`, `IdempotencyMismatch`.
        """
        content = {"order": str(order), "delivered": delivered, "reason": reason}

        async def make() -> Command | None:
            given = given_reason(reason)
            command = await self._commands.by_id(order)
            if command is None or command.kind not in MONEY_KINDS:
                raise UnknownOrder(order)
            # the meter's row is what orders of a meter wait for
            meter = await self._meters.by_id(command.meter_id, for_update=True)
            assert meter is not None, "a command's meter exists: the database says so"
            opening = command.kind == CommandKind.ACCOUNT_OPEN
            if command.state != CommandState.DISPUTED or (opening and delivered):
                raise NotDisputed(command)
            shown = await fresh_reading(self._work, meter)
            if shown.at <= command.updated_at:
                raise NoFreshReading(meter)
            state = CommandState.APPLIED if delivered else CommandState.VOIDED
            if opening:
                state = CommandState.FAILED
                await self._close_account(command)
            elif not await self._end_order(command, shown, given, delivered=delivered):
                return None
            await self._commands.move(command, state, due_at=None, detail=f"decided by a person: {given}")
            return command

        return await once(self._work, "orderResolve", key, content, make)

    async def confirm_epoch(self, key: UUID, meter_number: str, reason: str) -> tuple[Command | None, bool]:
        """Let a meter on hold be sold to again, from the count and total that it shows now; (command, replayed).

        None: proposed to a second person. The difference between its total purchased and the ledger is adjusted. Raises
        `UnknownMeter`, `NotOnHold`, `OrderOpen`, `OrderDisputed`, `NoFreshReading`, `ReasonMissing`,
        `IdempotencyMismatch`.
        """

        async def make() -> Command | None:
            given = given_reason(reason)
            meter = await MeteringService(self._work).meter(meter_number, for_update=True)
            if meter.hold_reason is None:
                raise NotOnHold(meter)
            open_order = (await self._commands.open_money_orders([meter.id])).get(meter.id)
            if open_order is not None:
                raise OrderOpen(meter, open_order)
            for disputed in await self._commands.in_state(meter.id, CommandState.DISPUTED):
                raise OrderDisputed(meter, disputed)
            shown = await fresh_reading(self._work, meter)
            assert shown.total_purchased_fen is not None, "only prepaid meters have orders"
            delivered = await self._delivered(meter)
            adjusted_fen = shown.total_purchased_fen - sum(delivered.values())
            if not await self._second_person_agrees(
                "meterEpochConfirm",
                meter.id,
                adjusted_fen,
                {"count": shown.purchase_count, "total_fen": shown.total_purchased_fen},
                f"confirm the registers of meter {meter_number}, adjust by {yuan(adjusted_fen)}: {given}",
            ):
                return None
            command = await self._commands.add_command(
                new_command(self._work, meter, CommandKind.METER_EPOCH, CommandState.REQUESTED, {})
            )
            await self._begin_epoch(meter, shown, given, adjustment(delivered, adjusted_fen))
            await self._commands.move(command, CommandState.SUCCEEDED, due_at=None)
            return command

        content = {"meter": meter_number, "reason": reason}
        return await once(self._work, "meterEpochConfirm", key, content, make)

    async def _second_person_agrees(
        self, operation: str, subject: UUID, amount_fen: int, content: dict[str, Any], summary: str
    ) -> bool:
        policy = await PolicyRepository(self._work).policy()
        if not policy.wants_second_person(amount_fen):
            return True
        return await agreed(self._work, operation, subject, content, summary)

    async def _end_order(self, command: Command, shown: Reading, reason: str, *, delivered: bool) -> bool:
        """Whether the order was ended; False: proposed to a second person."""
        order = await OrderRepository(self._work).by_command(command.id)
        assert order is not None, "an order and its command are written together"
        words = "carried out" if delivered else "not carried out"
        summary = f"order {order.receipt_number} of {yuan(order.amount_fen)} was {words}: {reason}"
        if not await self._second_person_agrees(
            "orderResolve", command.id, order.amount_fen, {"delivered": delivered}, summary
        ):
            return False
        if delivered:
            self._work.session.add(order)
            order.applied_at = self._work.clock.now()
            order.evidence = _evidence(shown)
            order.remaining_fen = shown.remaining_fen
            await apply(self._work, command, order)
        else:
            await Ledger(self._work, await currency_of(self._work)).void(command.id, reason=reason)
        audit.record(
            self._work,
            "order resolved",
            f"meter {order.meter_number}",
            command=str(command.id),
            delivered=delivered,
            reason=reason,
            disputed=command.detail,
            expected=_expected(order.plan),
            shown=_registers(shown),
        )
        return True

    async def _close_account(self, command: Command) -> None:
        accounts = AccountRepository(self._work)
        account_id = UUID(command.payload["account"])
        held = await accounts.by_id(account_id)
        assert held is not None, "an opening and its account are written together"
        held.account.state = AccountState.CLOSED
        for owned in await accounts.ownership(account_id):
            owned.until_at = self._work.clock.now()
        audit.record(self._work, "opening resolved", f"account {account_id}", command=str(command.id))

    async def _delivered(self, meter: Meter) -> dict[Funding, int]:
        """Credit that the ledger knows to be handed to the meter, by its origin."""
        keys = [AccountKey(AccountKind.DELIVERED, str(meter.point_id), funding) for funding in Funding]
        kept = await LedgerRepository(self._work).balances_fen(keys)
        return {key.funding: kept.get(key, 0) for key in keys}

    async def _begin_epoch(
        self, meter: Meter, shown: Reading, reason: str, adjusted: dict[Funding, int]
    ) -> None:
        before = await self._meters.epoch(meter)
        lines = [
            line
            for funding, amount_fen in adjusted.items()
            for line in ledger_rules.moved(
                AccountKey(AccountKind.ADOPTED, str(meter.id), funding),
                AccountKey(AccountKind.DELIVERED, str(meter.point_id), funding),
                amount_fen,
            )
        ]
        if lines:
            await Ledger(self._work, await currency_of(self._work)).post(
                TransferKind.ADJUSTMENT, Step.POST, meter.id, lines, reason=f"new epoch: {reason}"
            )
        hold, meter.hold_reason = meter.hold_reason, None
        meter.epoch += 1
        await self._meters.add(
            MeterEpoch(
                project_id=self._work.project_id,
                meter_id=meter.id,
                epoch=meter.epoch,
                started_at=self._work.clock.now(),
                reason=reason,
                opening_count=shown.purchase_count,
                opening_total_fen=shown.total_purchased_fen,
            )
        )
        audit.record(
            self._work,
            "meter epoch confirmed",
            f"meter {meter.number}",
            epoch=meter.epoch,
            reason=reason,
            hold=hold,
            opened_with=None if before is None else [before.opening_count, before.opening_total_fen],
            shown=_registers(shown),
            adjusted_fen=sum(adjusted.values()),
        )


def _expected(plan: Plan | None) -> dict[str, Any] | None:
    if plan is None:
        return None
    return {"purchase_count": plan.purchase_count, "total_purchased_fen": plan.total_after_fen}


def _registers(shown: Reading) -> dict[str, Any]:
    return {
        "at": shown.at.isoformat(),
        "purchase_count": shown.purchase_count,
        "total_purchased_fen": shown.total_purchased_fen,
        "remaining_fen": shown.remaining_fen,
    }


def _evidence(shown: Reading) -> bytes:
    """What a person saw, as text: a decision has no frame of its own."""
    return f"decided by a person: {_registers(shown)}".encode()
