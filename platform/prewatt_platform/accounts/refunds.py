"""Gives money back: a refund of unused credit, the reversal of one sale. `delivery` takes the credit from the meter first."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from prewatt_platform.accounts import rules
from prewatt_platform.accounts.errors import AmountRefused, NotRefundable, NotReversible, UnknownReceipt
from prewatt_platform.accounts.fresh_reading import fresh_reading, known_credit
from prewatt_platform.accounts.models import Order
from prewatt_platform.accounts.owed_fees import owed_fen
from prewatt_platform.accounts.placing import Opened, opened, place
from prewatt_platform.accounts.posting import adopt_counter
from prewatt_platform.accounts.repository import OrderRepository, PolicyRepository
from prewatt_platform.control.idempotency import once
from prewatt_platform.control.models import Command, CommandKind
from prewatt_platform.control.reason import given_reason
from prewatt_platform.control.second_person import agreed
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.ledger.repository import LedgerRepository
from prewatt_platform.ledger.rules import AccountKind
from prewatt_platform.projects.repository import ProjectRepository


class RefundService:
    """Refunds and reversals of one project, inside one unit of work."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._orders = OrderRepository(work)

    async def refund(
        self, key: UUID, meter_number: str, amount_fen: int, reason: str
    ) -> tuple[Command | None, bool]:
        """Give back credit that the customer paid and did not use; (command, replayed). None: proposed to a second person.

        The refund is paid out of the till of the acting operator. `UnknownMeter`, `NotPrepaid`, `NotOpened`,
        `OrderOpen`, `MeterOnHold`, `AmountRefused`, `NotRefundable`, `NoFreshReading`, `ReasonMissing`,
        `GatewayUnreachable`, `IdempotencyMismatch`.
        """

        async def make() -> Command | None:
            given = given_reason(reason)
            if not 0 < amount_fen <= rules.AMOUNT_MAX_FEN:
                raise AmountRefused(amount_fen, 1, rules.AMOUNT_MAX_FEN)
            at = await opened(self._work, meter_number)
            await self._check_refundable(at, amount_fen)
            policy = await PolicyRepository(self._work).policy()
            if policy.wants_second_person(amount_fen) and not await agreed(
                self._work,
                "refundCreate",
                at.meter.id,
                {"amount_fen": amount_fen},
                f"refund {rules.yuan(amount_fen)} from meter {meter_number}: {given}",
            ):
                return None
            return await place(self._work, at, CommandKind.REFUND, amount_fen, reason=given)

        content: dict[str, Any] = {"meter": meter_number, "amount_fen": amount_fen, "reason": reason}
        return await once(self._work, "refundCreate", key, content, make)

    async def reverse(self, key: UUID, receipt_number: str, reason: str) -> tuple[Command, bool]:
        """Undo one sale, whole, once; (command, replayed).

        `UnknownReceipt`, `NotReversible`, `NotOpened`, `OrderOpen`, `MeterOnHold`, `NoFreshReading`, `ReasonMissing`,
        `GatewayUnreachable`, `IdempotencyMismatch`.
        """

        async def make() -> Command:
            given = given_reason(reason)
            sale = await self._orders.by_receipt(receipt_number)
            if sale is None:
                raise UnknownReceipt(receipt_number)
            if sale.kind != CommandKind.SALE:
                raise NotReversible(sale, "it is no sale")
            at = await opened(self._work, sale.meter_number)
            # the meter's row is locked now, so nothing about its orders changes any more
            await self._work.session.refresh(sale)
            await self._check_reversible(at, sale)
            if sale.owed_fen:
                # for its lock: the receipt counter comes after it
                await owed_fen(self._work, sale.account_id)
            return await place(
                self._work,
                at,
                CommandKind.REVERSAL,
                sale.amount_fen,
                fee_fen=sale.fee_fen,
                owed_fen=sale.owed_fen,
                property_fen=sale.property_fen,
                reverses=sale.command_id,
                reason=given,
            )

        return await once(self._work, "saleReverse", key, {"receipt": receipt_number, "reason": reason}, make)

    async def _check_refundable(self, at: Opened, amount_fen: int) -> None:
        if at.epoch.opening_count is None:
            # money can be reserved only from what the ledger knows to be in the meter
            shown = await fresh_reading(self._work, at.meter)
            assert shown.purchase_count is not None, "only prepaid meters are opened"
            assert shown.total_purchased_fen is not None, "only prepaid meters are opened"
            await adopt_counter(
                self._work, at.epoch, at.point.id, shown.purchase_count, shown.total_purchased_fen
            )
        credit_fen, read_at = await known_credit(self._work, at.meter, at.epoch)
        paid_fen = await LedgerRepository(self._work).balance_fen(AccountKind.DELIVERED, str(at.point.id))
        granted_fen = rules.granted_left_fen(await self._orders.credit_steps(at.point.id), credit_fen)
        refundable_fen = rules.refundable_fen(credit_fen, granted_fen, paid_fen)
        if amount_fen > refundable_fen:
            raise NotRefundable(at.meter, refundable_fen, read_at)

    async def _check_reversible(self, at: Opened, sale: Order) -> None:
        if sale.applied_at is None:
            raise NotReversible(sale, "the meter does not have it; an open order can be cancelled")
        if await self._orders.reversal_of(sale) is not None:
            raise NotReversible(sale, "it is reversed already")
        if (sale.meter_id, sale.epoch, sale.account_id) != (
            at.meter.id,
            at.epoch.epoch,
            at.held.account.id,
        ):
            raise NotReversible(sale, "its meter or its account was changed since")
        # an older sale cannot be taken back exactly: the orders after it were priced and counted on top of it
        newest = await self._orders.newest_applied(at.epoch)
        if newest is None or newest.command_id != sale.command_id:
            raise NotReversible(sale, "only the meter's newest order is reversed")
        await self._check_day(sale)
        credit_fen, _ = await known_credit(self._work, at.meter, at.epoch)
        if credit_fen < sale.amount_fen:
            raise NotReversible(sale, f"the meter has only {rules.yuan(credit_fen)} left")

    async def _check_day(self, sale: Order) -> None:
        project = await ProjectRepository(self._work).by_id(self._work.project_id)
        assert project is not None
        zone = ZoneInfo(project.timezone)
        age = (self._work.clock.now().astimezone(zone).date() - sale.created_at.astimezone(zone).date()).days
        days_max = (await PolicyRepository(self._work).policy()).reversal_days
        if age > days_max:
            limit = "on the day of the sale" if not days_max else f"within {days_max} days"
            raise NotReversible(sale, f"a sale is reversed {limit}; refund it instead")
