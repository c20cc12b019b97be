"""Queries on grants."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel import col, select

from prewatt_platform.accounts.models import Order
from prewatt_platform.control.models import Command
from prewatt_platform.grants.models import Allowance, Grant, GrantBatch
from prewatt_platform.kernel.tenancy import Repository


class GrantRepository(Repository):
    """Grants of one project."""

    async def batch(self, batch_id: UUID) -> GrantBatch | None:
        """The batch of that id."""
        return await self._one(self._scoped(GrantBatch).where(GrantBatch.id == batch_id))

    async def orders(self, batch_id: UUID) -> Sequence[Order]:
        """The orders of a batch, by row."""
        statement = (
            select(Order)
            .join(
                Grant,
                (col(Grant.project_id) == Order.project_id) & (col(Grant.command_id) == Order.command_id),
            )
            .where(Grant.batch_id == batch_id)
            .order_by(col(Grant.row_number))
        )
        return list((await self._session.execute(self._narrow(statement, Order, Grant))).scalars())

    async def allowance(self, point_id: UUID, month: date) -> tuple[Allowance, Order, Command] | None:
        """The allowance of a point's month, its order and command."""
        statement = (
            select(Allowance, Order, Command)
            .join(
                Order,
                (col(Order.project_id) == Allowance.project_id)
                & (col(Order.command_id) == Allowance.command_id),
            )
            .join(
                Command,
                (col(Command.project_id) == Allowance.project_id) & (col(Command.id) == Allowance.command_id),
            )
            .where(Allowance.point_id == point_id, Allowance.month == month)
        )
        row = (await self._session.execute(self._narrow(statement, Allowance, Order, Command))).one_or_none()
        return None if row is None else (row[0], row[1], row[2])
