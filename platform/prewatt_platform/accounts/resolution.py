"""Decisions of a person: the end of a disputed order, and a new epoch for a meter on hold.

Both need a reading of the meter that is younger than `EVIDENCE_AGE_MAX`, so that the person decides by registers of
now. What the order expected, what the meter shows, and the reason are in the audit event.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from prewatt_platform.accounts.errors import (
    NoFreshReading,
    NotDisputed,
    NotOnHold,
    OrderDisputed,
    OrderOpen,
    ReasonMissing,
    UnknownOrder,
)
from prewatt_platform.accounts.models import AccountState, Sale
from prewatt_platform.accounts.posting import currency_of
from prewatt_platform.accounts.repository import AccountRepository, SaleRepository
from prewatt_platform.control.idempotency import once
from prewatt_platform.control.models import Command, CommandKind, CommandState
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.control.service import new_command
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger import rules as ledger_rules
from prewatt_platform.ledger.models import Step, TransferKind
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKey, AccountKind, Funding
from prewatt_platform.ledger.service import Ledger
from prewatt_platform.metering.models import Meter, MeterEpoch, Reading
from prewatt_platform.metering.readings import ReadingRepository
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.metering.service import MeteringService

EVIDENCE_AGE_MAX: Final = timedelta(minutes=10)

REASON_LENGTH_MAX: Final = 500


class ResolutionService:
    """Decisions in one project, inside one unit of work."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._commands = CommandRepository(work)
        self._meters = MeterRepository(work)

    async def resolve(self, key: UUID, order: UUID, reason: str, *, delivered: bool) -> tuple[Command, bool]:
        """End a disputed order: the meter has its money, or has not and the money goes back; (command, replayed).

        An opening can only end as not delivered: its account is closed, and can be opened anew. The meter stays on hold
        until `confirm_epoch`. Raises `UnknownOrder`, `NotDisputed`, `NoFreshReading`, `ReasonMissing`,
        `IdempotencyMismatch`.
        """
        content = {"order": str(order), "delivered": delivered, "reason": reason}

        async def make() -> Command:
            given = _checked(reason)
            command = await self._commands.by_id(order)
            if command is None or command.kind not in {CommandKind.SALE, CommandKind.ACCOUNT_OPEN}:
                raise UnknownOrder(order)
            # the meter's row is what orders of a meter wait for
            meter = await self._meters.by_id(command.meter_id, for_update=True)
            assert meter is not None, "a command's meter exists: the database says so"
            opening = command.kind == CommandKind.ACCOUNT_OPEN
            if command.state != CommandState.DISPUTED or (opening and delivered):
                raise NotDisputed(command)
            shown = await self._fresh(meter)
            if shown.at <= command.updated_at:
                raise NoFreshReading(meter)
            state = CommandState.APPLIED if delivered else CommandState.VOIDED
            if opening:
                state = CommandState.FAILED
                await self._close_account(command)
            else:
                await self._end_sale(command, shown, given, delivered=delivered)
            await self._commands.move(command, state, due_at=None, detail=f"decided by a person: {given}")
            return command

        return await once(self._work, "orderResolve", key, content, make)

    async def confirm_epoch(self, key: UUID, meter_number: str, reason: str) -> tuple[Command, bool]:
        """Let a meter on hold be sold to again, from the count and total that it shows now; (command, replayed).

        The difference between its total purchased and the ledger is adjusted. Raises `UnknownMeter`, `NotOnHold`,
        `OrderOpen`, `OrderDisputed`, `NoFreshReading`, `ReasonMissing`, `IdempotencyMismatch`.
        """

        async def make() -> Command:
            given = _checked(reason)
            meter = await MeteringService(self._work).meter(meter_number, for_update=True)
            if meter.hold_reason is None:
                raise NotOnHold(meter)
            open_order = (await self._commands.open_money_orders([meter.id])).get(meter.id)
            if open_order is not None:
                raise OrderOpen(meter, open_order)
            for disputed in await self._commands.in_state(meter.id, CommandState.DISPUTED):
                raise OrderDisputed(meter, disputed)
            shown = await self._fresh(meter)
            command = await self._commands.add_command(
                new_command(self._work, meter, CommandKind.METER_EPOCH, CommandState.REQUESTED, {})
            )
            await self._begin_epoch(meter, shown, given)
            await self._commands.move(command, CommandState.SUCCEEDED, due_at=None)
            return command

        content = {"meter": meter_number, "reason": reason}
        return await once(self._work, "meterEpochConfirm", key, content, make)

    async def _fresh(self, meter: Meter) -> Reading:
        reading = (await ReadingRepository(self._work).latest([meter.id])).get(meter.id)
        if reading is None or reading.stale or reading.at < self._work.clock.now() - EVIDENCE_AGE_MAX:
            raise NoFreshReading(meter)
        return reading

    async def _end_sale(self, command: Command, shown: Reading, reason: str, *, delivered: bool) -> None:
        sale = await SaleRepository(self._work).by_command(command.id)
        assert sale is not None, "a sale and its command are written together"
        ledger = Ledger(self._work, await currency_of(self._work))
        if delivered:
            self._work.session.add(sale)
            sale.applied_at = self._work.clock.now()
            sale.evidence = _evidence(shown)
            await ledger.apply(
                TransferKind.SALE,
                command.id,
                {AccountKey(AccountKind.DELIVERED, str(sale.point_id)): sale.amount_fen},
                document=sale.receipt_number,
            )
        else:
            await ledger.void(command.id, reason=reason)
        audit.record(
            self._work,
            "order resolved",
            f"meter {sale.meter_number}",
            command=str(command.id),
            delivered=delivered,
            reason=reason,
            disputed=command.detail,
            expected=_expected(sale),
            shown=_registers(shown),
        )

    async def _close_account(self, command: Command) -> None:
        accounts = AccountRepository(self._work)
        account_id = UUID(command.payload["account"])
        held = await accounts.by_id(account_id)
        assert held is not None, "an opening and its account are written together"
        held.account.state = AccountState.CLOSED
        for owned in await accounts.ownership(account_id):
            owned.until_at = self._work.clock.now()
        audit.record(self._work, "opening resolved", f"account {account_id}", command=str(command.id))

    async def _begin_epoch(self, meter: Meter, shown: Reading, reason: str) -> None:
        before = await self._meters.epoch(meter)
        delivered = AccountKey(AccountKind.DELIVERED, str(meter.point_id))
        granted = AccountKey(AccountKind.DELIVERED, str(meter.point_id), Funding.GRANTED)
        balances = await LedgerRepository(self._work).balances_fen([delivered, granted])
        assert shown.total_purchased_fen is not None, "only prepaid meters have orders"
        adjusted_fen = shown.total_purchased_fen - sum(balances.values())
        if adjusted_fen:
            lines = ledger_rules.moved(
                AccountKey(AccountKind.ADOPTED, str(meter.id)), delivered, adjusted_fen
            )
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
            adjusted_fen=adjusted_fen,
        )


def _checked(reason: str) -> str:
    given = reason.strip()
    if not given or len(given) > REASON_LENGTH_MAX:
        raise ReasonMissing(REASON_LENGTH_MAX)
    return given


def _expected(sale: Sale) -> dict[str, Any] | None:
    if sale.planned_count is None or sale.total_before_fen is None:
        return None
    return {
        "purchase_count": sale.planned_count,
        "total_purchased_fen": sale.total_before_fen + sale.amount_fen,
    }


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
