"""Queries on customers, accounts and sales."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from prewatt_platform.accounts.models import Account, AccountPoint, Customer, ReceiptCounter, Sale
from prewatt_platform.control.models import Command, CommandState
from prewatt_platform.kernel.tenancy import Repository
from prewatt_platform.metering.models import MeterEpoch


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


class SaleRepository(Repository):
    """Sales of one project."""

    async def by_command(self, command_id: UUID) -> Sale | None:
        """The sale that a command delivers."""
        return await self._one(self._scoped(Sale).where(Sale.command_id == command_id))

    async def by_commands(self, command_ids: Sequence[UUID]) -> dict[UUID, Sale]:
        """The sales that those commands deliver, by command."""
        found = await self._all(self._scoped(Sale).where(col(Sale.command_id).in_(command_ids)))
        return {sale.command_id: sale for sale in found}

    async def applied(self, epoch: MeterEpoch) -> tuple[int | None, int]:
        """Of the sales that reached the meter in an epoch: the highest purchase count, and the sum in fen."""
        statement = (
            select(func.max(Sale.planned_count), func.coalesce(func.sum(Sale.amount_fen), 0))
            .join(
                Command, (col(Command.project_id) == Sale.project_id) & (col(Command.id) == Sale.command_id)
            )
            .where(
                Sale.meter_id == epoch.meter_id,
                Sale.epoch == epoch.epoch,
                Command.state == CommandState.APPLIED,
            )
        )
        count, total_fen = (await self._session.execute(self._narrow(statement, Sale, Command))).one()
        return count, int(total_fen)

    async def next_receipt(self) -> int:
        """The next receipt's number; the row is locked until the end of the unit of work, so there are no gaps."""
        issued = (
            insert(ReceiptCounter)
            .values(project_id=self._project_id, issued=1)
            .on_conflict_do_update(index_elements=["project_id"], set_={"issued": ReceiptCounter.issued + 1})
            .returning(col(ReceiptCounter.issued))
        )
        return int((await self._session.execute(issued)).scalar_one())
