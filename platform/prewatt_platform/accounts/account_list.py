"""Accounts as an operator looks for them: customer, state, and the points that each owns or has owned."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, func, literal, tuple_
from sqlmodel import col, select

from prewatt_platform.accounts.models import Account, AccountPoint, AccountState, Customer
from prewatt_platform.accounts.repository import AccountWithCustomer
from prewatt_platform.kernel.tenancy import Repository
from prewatt_platform.metering.models import Meter, Point


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """What to look for; None: anything. Text is matched as a part, case and all."""

    states: Sequence[AccountState] | None = None
    customer_name: str | None = None
    customer_phone: str | None = None
    meter_number: str | None = None
    """Of the meter that is installed now at a point which the account owns or has owned."""
    place: str | None = None


@dataclass(frozen=True, slots=True)
class OwnedPoint:
    """A point of an account, and the meter that is installed there now; None: no meter."""

    place: str
    meter_number: str | None
    from_at: datetime
    until_at: datetime | None


class AccountListRepository(Repository):
    """Accounts of one project."""

    async def page(
        self, wanted: AccountFilter, first: int, after: tuple[datetime, UUID] | None
    ) -> tuple[list[AccountWithCustomer], bool]:
        """The `first` accounts behind the key (time, id), newest first, and whether more follow."""
        keys = (col(Account.created_at), col(Account.id))
        statement = self._filtered(select(Account, Customer), wanted)
        if after is not None:
            statement = statement.where(tuple_(*keys) < tuple_(literal(after[0]), literal(after[1])))
        statement = statement.order_by(*(key.desc() for key in keys)).limit(first + 1)
        found = [AccountWithCustomer(*row) for row in await self._session.execute(statement)]
        return found[:first], len(found) > first

    async def count(self, wanted: AccountFilter) -> int:
        """How many accounts fit."""
        statement = self._filtered(select(func.count()).select_from(Account), wanted)
        return int((await self._session.execute(statement)).scalar_one())

    async def points(self, account_ids: Collection[UUID]) -> dict[UUID, list[OwnedPoint]]:
        """Points of each of those accounts, in the order in which they came to it."""
        statement = (
            select(AccountPoint, Point.place, Meter.number)
            .join(
                Point,
                and_(
                    col(Point.project_id) == AccountPoint.project_id, col(Point.id) == AccountPoint.point_id
                ),
            )
            .outerjoin(Meter, _INSTALLED)
            .where(col(AccountPoint.account_id).in_(account_ids))
            .order_by(col(AccountPoint.from_at), col(Point.place))
        )
        points = defaultdict(list)
        for owned, place, number in await self._session.execute(self._narrow(statement, AccountPoint, Point)):
            points[owned.account_id].append(OwnedPoint(place, number, owned.from_at, owned.until_at))
        return points

    def _filtered(self, statement: Any, wanted: AccountFilter) -> Select[Any]:
        joined = statement.join(
            Customer,
            and_(col(Customer.project_id) == Account.project_id, col(Customer.id) == Account.customer_id),
        )
        narrowed: Select[Any] = self._narrow(joined, Account, Customer)
        if wanted.states is not None:
            narrowed = narrowed.where(col(Account.state).in_(wanted.states))
        for column, part in (
            (Customer.name, wanted.customer_name),
            (Customer.phone, wanted.customer_phone),
        ):
            if part is not None:
                narrowed = narrowed.where(col(column).contains(part, autoescape=True))
        for column, part in ((Point.place, wanted.place), (Meter.number, wanted.meter_number)):
            if part is not None:
                narrowed = narrowed.where(_owns(col(column).contains(part, autoescape=True)))
        return narrowed


_INSTALLED = and_(
    col(Meter.project_id) == Point.project_id,
    col(Meter.point_id) == Point.id,
    col(Meter.retired_at).is_(None),
)


def _owns(condition: Any) -> Any:
    """Whether the account owns or has owned a point that fits, or whose installed meter does."""
    owned = (
        select(AccountPoint.account_id)
        .join(
            Point,
            and_(col(Point.project_id) == AccountPoint.project_id, col(Point.id) == AccountPoint.point_id),
        )
        .outerjoin(Meter, _INSTALLED)
        .where(
            col(AccountPoint.project_id) == Account.project_id,
            col(AccountPoint.account_id) == Account.id,
            condition,
        )
        .correlate(Account)
    )
    return exists(owned)
