"""The meter board: meters as an operator looks for them, with account, state and standing in one row.

A query of its own, because it joins what metering knows with what accounts know; pages are keyset pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    extract,
    func,
    literal,
    tuple_,
)
from sqlmodel import col, select

from prewatt_platform.accounts.models import Account, AccountPoint, AccountState, Customer
from prewatt_platform.kernel.tenancy import Repository
from prewatt_platform.metering.models import Meter, MeterState, Point, Relay
from prewatt_platform.metering.rules import LOST_AFTER_MIN_S, LOST_INTERVALS
from prewatt_platform.projects.models import Project


class Standing(StrEnum):
    """The six colours of the board."""

    OPENED = "OPENED"
    ALARM_1 = "ALARM_1"
    ALARM_2 = "ALARM_2"
    ARREARS = "ARREARS"
    UNOPENED = "UNOPENED"
    LOST = "LOST"


UNOPENED = "UNOPENED"
"""The account state of a point without an account."""


@dataclass(frozen=True, slots=True)
class MeterListFilter:
    """What to look for; None: anything. Text is matched as a part, case and all; the area as a prefix of its path."""

    area: tuple[str, ...] | None = None
    relay: Relay | None = None
    account_state: str | None = None
    standing: Standing | None = None
    lost: bool | None = None
    number: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class MeterListOrder:
    """What to sort by. The meter's id breaks ties."""

    field: Literal["number", "place"] = "number"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class MeterListRow:
    """One meter of the board."""

    meter: Meter
    point: Point
    state: MeterState
    account: Account | None
    customer: Customer | None
    lost: bool
    standing: Standing

    @property
    def account_state(self) -> str:
        """The account's state, or UNOPENED."""
        return UNOPENED if self.account is None else str(self.account.state)


class MeterListRepository(Repository):
    """The board of one project."""

    async def page(
        self, wanted: MeterListFilter, order: MeterListOrder, first: int, after: tuple[str, UUID] | None
    ) -> tuple[list[MeterListRow], bool]:
        """The `first` rows behind the key (sort value, meter id), and whether more follow."""
        key = col(Meter.number if order.field == "number" else Point.place)
        statement = self._filtered(self._rows(), wanted)
        if after is not None:
            here, there = tuple_(key, col(Meter.id)), tuple_(literal(after[0]), literal(after[1]))
            statement = statement.where(here < there if order.descending else here > there)
        keys = (key, col(Meter.id))
        statement = statement.order_by(*(part.desc() if order.descending else part.asc() for part in keys))
        rows = await self._session.execute(statement.limit(first + 1))
        found = [_row(row) for row in rows]
        return found[:first], len(found) > first

    async def count(self, wanted: MeterListFilter) -> int:
        """How many meters fit."""
        inner = self._filtered(self._rows(), wanted).subquery()
        return int((await self._session.execute(select(func.count()).select_from(inner))).scalar_one())

    async def by_number(self, number: str) -> MeterListRow | None:
        """The row of the meter of that number."""
        return await self._single(and_(col(Meter.number) == number, col(Meter.retired_at).is_(None)))

    async def by_id(self, meter_id: UUID) -> MeterListRow | None:
        """The row of the meter of that id."""
        return await self._single(col(Meter.id) == meter_id)

    async def by_ids(self, meter_ids: Sequence[UUID]) -> dict[UUID, MeterListRow]:
        """The rows of those meters that exist."""
        rows = await self._session.execute(self._rows().where(col(Meter.id).in_(meter_ids)))
        return {row.meter.id: row for row in map(_row, rows)}

    async def _single(self, condition: ColumnElement[bool]) -> MeterListRow | None:
        row = (await self._session.execute(self._rows().where(condition))).one_or_none()
        return None if row is None else _row(row)

    def _rows(self) -> Select[Any]:
        owned = and_(
            col(AccountPoint.project_id) == Point.project_id,
            col(AccountPoint.point_id) == Point.id,
            col(AccountPoint.until_at).is_(None),
        )
        statement = (
            select(Meter, Point, MeterState, Account, Customer, self._lost(), self._standing())  # type: ignore[call-overload]  # sqlmodel types up to four
            .select_from(Meter)
            .join(Project, col(Project.id) == Meter.project_id)
            .join(Point, and_(col(Point.project_id) == Meter.project_id, col(Point.id) == Meter.point_id))
            .join(
                MeterState,
                and_(col(MeterState.project_id) == Meter.project_id, col(MeterState.meter_id) == Meter.id),
            )
            .outerjoin(AccountPoint, owned)
            .outerjoin(
                Account,
                and_(
                    col(Account.project_id) == AccountPoint.project_id,
                    col(Account.id) == AccountPoint.account_id,
                ),
            )
            .outerjoin(
                Customer,
                and_(col(Customer.project_id) == Account.project_id, col(Customer.id) == Account.customer_id),
            )
        )
        narrowed: Select[Any] = self._narrow(statement, Meter)
        return narrowed

    def _lost(self) -> ColumnElement[bool]:
        interval_s = func.coalesce(Point.reading_interval_s, Project.reading_interval_s)
        silent_s = extract(
            "epoch",
            bindparam("now", self._work.clock.now(), unique=True)
            - func.coalesce(MeterState.heard_at, Meter.created_at),
        )
        return (silent_s > func.greatest(LOST_INTERVALS * interval_s, LOST_AFTER_MIN_S)).label("lost")

    def _standing(self) -> ColumnElement[str]:
        return case(
            (self._lost(), Standing.LOST.value),
            (func.coalesce(Account.state, "") != AccountState.OPEN, Standing.UNOPENED.value),
            (col(MeterState.arrears), Standing.ARREARS.value),
            (col(MeterState.alarm_2), Standing.ALARM_2.value),
            (col(MeterState.alarm_1), Standing.ALARM_1.value),
            else_=Standing.OPENED.value,
        ).label("standing")

    def _filtered(self, statement: Select[Any], wanted: MeterListFilter) -> Select[Any]:
        conditions: list[ColumnElement[bool]] = [col(Meter.retired_at).is_(None)]
        if wanted.area is not None:
            head = col(Point.area)[1 : len(wanted.area)]
            conditions.append(head == cast(list(wanted.area), ARRAY(Text)))
        if wanted.relay is not None:
            conditions.append(col(MeterState.relay) == wanted.relay)
        if wanted.account_state == UNOPENED:
            conditions.append(col(Account.id).is_(None))
        elif wanted.account_state is not None:
            conditions.append(col(Account.state) == wanted.account_state)
        if wanted.standing is not None:
            conditions.append(self._standing() == wanted.standing.value)
        if wanted.lost is not None:
            conditions.append(self._lost() == wanted.lost)
        if wanted.number is not None:
            conditions.append(col(Meter.number).contains(wanted.number, autoescape=True))
        if wanted.place is not None:
            conditions.append(col(Point.place).contains(wanted.place, autoescape=True))
        return statement.where(*conditions)


def _row(row: Any) -> MeterListRow:
    meter, point, state, account, customer, lost, standing = row
    return MeterListRow(meter, point, state, account, customer, bool(lost), Standing(standing))
