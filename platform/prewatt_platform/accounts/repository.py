"""Queries on customers, accounts and money orders."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from prewatt_platform.accounts.models import (
    Account,
    AccountPoint,
    Customer,
    Order,
    ReceiptCounter,
    SalesPolicy,
)
from prewatt_platform.accounts.rules import CreditStep
from prewatt_platform.control.models import TOP_UP_KINDS, Command, CommandKind, CommandState
from prewatt_platform.kernel.tenancy import Repository
from prewatt_platform.metering.models import MeterEpoch

_CHANGE_FEN = case((col(Order.kind).in_(TOP_UP_KINDS), Order.amount_fen), else_=-Order.amount_fen)


@dataclass(frozen=True, slots=True)
class AccountWithCustomer:
    """The account that owns a point now, and whose it is."""

    account: Account
    customer: Customer


class AccountRepository(Repository):
    """Accounts and customers of one project."""

    async def by_id(self, account_id: UUID) -> AccountWithCustomer | None:
        """The account of that id, with its customer."""
        statement = (
            select(Account, Customer)
            .join(
                Customer,
                (col(Customer.project_id) == Account.project_id) & (col(Customer.id) == Account.customer_id),
            )
            .where(Account.id == account_id)
        )
        row = (await self._session.execute(self._narrow(statement, Account, Customer))).one_or_none()
        return None if row is None else AccountWithCustomer(row[0], row[1])

    async def of_points(self, point_ids: Sequence[UUID]) -> dict[UUID, AccountWithCustomer]:
        """The account that owns each of those points now, where there is one."""
        statement = (
            select(AccountPoint.point_id, Account, Customer)
            .join(
                Account,
                (col(Account.project_id) == AccountPoint.project_id)
                & (col(Account.id) == AccountPoint.account_id),
            )
            .join(
                Customer,
                (col(Customer.project_id) == Account.project_id) & (col(Customer.id) == Account.customer_id),
            )
            .where(col(AccountPoint.point_id).in_(point_ids), col(AccountPoint.until_at).is_(None))
        )
        rows = await self._session.execute(self._narrow(statement, AccountPoint, Account, Customer))
        return {point_id: AccountWithCustomer(account, customer) for point_id, account, customer in rows}

    async def ownership(self, account_id: UUID) -> list[AccountPoint]:
        """The points that an account owns now."""
        return await self._all(
            self._scoped(AccountPoint).where(
                AccountPoint.account_id == account_id, col(AccountPoint.until_at).is_(None)
            )
        )

    async def points_ever(self, account_id: UUID) -> list[UUID]:
        """Ids of the points that an account owns or has owned."""
        owned = await self._all(
            self._scoped(AccountPoint)
            .where(AccountPoint.account_id == account_id)
            .order_by(col(AccountPoint.point_id))
        )
        return [each.point_id for each in owned]

    async def count(self) -> int:
        """How many accounts there are."""
        statement = self._narrow(select(func.count()).select_from(Account), Account)
        return int((await self._session.execute(statement)).scalar_one())


class OrderRepository(Repository):
    """Money orders of one project."""

    async def by_command(self, command_id: UUID) -> Order | None:
        """The order that a command carries out."""
        return await self._one(self._scoped(Order).where(Order.command_id == command_id))

    async def by_commands(self, command_ids: Sequence[UUID]) -> dict[UUID, Order]:
        """The orders that those commands carry out, by command."""
        found = await self._all(self._scoped(Order).where(col(Order.command_id).in_(command_ids)))
        return {order.command_id: order for order in found}

    async def by_receipt(self, receipt_number: str) -> Order | None:
        """The order of that receipt."""
        return await self._one(self._scoped(Order).where(Order.receipt_number == receipt_number))

    async def applied(self, epoch: MeterEpoch) -> tuple[int | None, int]:
        """Of a meter's epoch: the highest purchase count that was used, and the sum of all changes in fen."""
        statement = select(
            func.max(Order.planned_count),
            func.coalesce(func.sum(_CHANGE_FEN).filter(col(Order.applied_at).is_not(None)), 0),
        ).where(
            Order.meter_id == epoch.meter_id,
            Order.epoch == epoch.epoch,
            col(Order.applied_at).is_not(None) | col(Order.fenced_at).is_not(None),
        )
        count, total_fen = (await self._session.execute(self._narrow(statement, Order))).one()
        return count, int(total_fen)

    async def changed_since(self, epoch: MeterEpoch, at: datetime) -> int:
        """Sum in fen of what orders of an epoch changed in the meter after an instant."""
        statement = select(func.coalesce(func.sum(_CHANGE_FEN), 0)).where(
            Order.meter_id == epoch.meter_id, Order.epoch == epoch.epoch, col(Order.applied_at) > at
        )
        return int((await self._session.execute(self._narrow(statement, Order))).scalar_one())

    async def credit_steps(self, point_id: UUID) -> list[CreditStep]:
        """Applied orders of a point from its first grant on, oldest first; none for a point without a grant."""
        granted = select(func.min(Order.applied_at)).where(
            Order.point_id == point_id, Order.kind == CommandKind.GRANT
        )
        first = self._narrow(granted, Order).scalar_subquery()
        found = await self._all(
            self._scoped(Order)
            .where(
                Order.point_id == point_id,
                col(Order.applied_at) >= first,
                col(Order.remaining_fen).is_not(None),
            )
            .order_by(col(Order.applied_at), col(Order.planned_count))
        )
        return [
            CreditStep(order.change_fen, order.remaining_fen or 0, granted=order.kind == CommandKind.GRANT)
            for order in found
        ]

    async def owed_under_way(self, account_id: UUID) -> int:
        """Sum in fen of owed fees in an account's orders that have not ended."""
        statement = (
            select(func.coalesce(func.sum(Order.owed_fen), 0))
            .join(
                Command, (col(Command.project_id) == Order.project_id) & (col(Command.id) == Order.command_id)
            )
            .where(
                Order.account_id == account_id,
                col(Command.state).not_in([CommandState.APPLIED, CommandState.VOIDED]),
            )
        )
        return int((await self._session.execute(self._narrow(statement, Order, Command))).scalar_one())

    async def by_receipts(self, receipt_numbers: Collection[str]) -> dict[str, Order]:
        """The orders of those receipts, by number."""
        found = await self._all(self._scoped(Order).where(col(Order.receipt_number).in_(receipt_numbers)))
        return {order.receipt_number: order for order in found}

    async def reversal_of(self, sale: Order) -> Order | None:
        """The reversal of a sale that was carried out or is under way."""
        statement = (
            self._scoped(Order)
            .join(
                Command, (col(Command.project_id) == Order.project_id) & (col(Command.id) == Order.command_id)
            )
            .where(Order.reverses == sale.command_id, col(Command.state) != CommandState.VOIDED)
        )
        return await self._one(statement)

    async def newest_applied(self, epoch: MeterEpoch) -> Order | None:
        """The order that the meter carried out last in an epoch."""
        return await self._one(
            self._scoped(Order)
            .where(
                Order.meter_id == epoch.meter_id,
                Order.epoch == epoch.epoch,
                col(Order.applied_at).is_not(None),
            )
            .order_by(col(Order.planned_count).desc())
            .limit(1)
        )

    async def next_receipt(self) -> int:
        """The next receipt's number; the row is locked until the end of the unit of work, so there are no gaps."""
        issued = (
            insert(ReceiptCounter)
            .values(project_id=self._project_id, issued=1)
            .on_conflict_do_update(index_elements=["project_id"], set_={"issued": ReceiptCounter.issued + 1})
            .returning(col(ReceiptCounter.issued))
        )
        return int((await self._session.execute(issued)).scalar_one())


class PolicyRepository(Repository):
    """The project's rules of selling."""

    async def policy(self, *, for_update: bool = False) -> SalesPolicy:
        """The rules in force; `for_update` locks them, and makes a row of defaults when there is none."""
        if for_update:
            await self._session.execute(
                insert(SalesPolicy)
                .values(**SalesPolicy(project_id=self._project_id).model_dump())
                .on_conflict_do_nothing()
            )
        statement = self._scoped(SalesPolicy)
        found = await self._one(statement.with_for_update() if for_update else statement)
        return SalesPolicy(project_id=self._project_id) if found is None else found
