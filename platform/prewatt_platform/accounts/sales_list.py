"""Sales records as they are looked for: one page, totals, and figures of each salesperson.

Figures count what the meters carried out (APPLIED): net = sold − reversed − refunded; fees stand beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Text, and_, case, cast, func, literal, tuple_
from sqlmodel import col, select

from prewatt_platform.accounts.models import Order
from prewatt_platform.control.models import Command, CommandKind, CommandState
from prewatt_platform.kernel.tenancy import Repository
from prewatt_platform.metering.models import Point


@dataclass(frozen=True, slots=True)
class SalesFilter:
    """What to look for; None: anything. Text is matched as a part, case and all; the area as a prefix of its path."""

    kinds: Sequence[CommandKind] | None = None
    states: Sequence[CommandState] | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive; both compare with the time of the request."""
    receipt_number: str | None = None
    meter_number: str | None = None
    place: str | None = None
    customer_name: str | None = None
    operator_name: str | None = None
    account_id: UUID | None = None
    area: tuple[str, ...] | None = None
    amount_min_fen: int | None = None
    amount_max_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums in fen over orders that were carried out."""

    operator_name: str
    """Whose; empty for all together."""
    orders: int
    sold_fen: int
    reversed_fen: int
    refunded_fen: int
    granted_fen: int
    fees_fen: int
    """Service fees of sales less those given back."""
    collected_fen: int
    """Owed fees and property fees taken with sales, less those given back."""

    @property
    def net_fen(self) -> int:
        """Sold − reversed − refunded."""
        return self.sold_fen - self.reversed_fen - self.refunded_fen


class SalesListRepository(Repository):
    """Sales records of one project."""

    async def page(
        self, wanted: SalesFilter, first: int, after: tuple[datetime, UUID] | None, *, descending: bool
    ) -> tuple[list[Order], bool]:
        """The `first` orders behind the key (time, command id), and whether more follow."""
        keys = (col(Order.created_at), col(Order.command_id))
        statement = self._filtered(select(Order), wanted)
        if after is not None:
            here, there = tuple_(*keys), tuple_(literal(after[0]), literal(after[1]))
            statement = statement.where(here < there if descending else here > there)
        statement = statement.order_by(*(key.desc() if descending else key.asc() for key in keys))
        found = list((await self._session.execute(statement.limit(first + 1))).scalars())
        return found[:first], len(found) > first

    async def count(self, wanted: SalesFilter) -> int:
        """How many orders fit."""
        statement = self._filtered(select(func.count()).select_from(Order), wanted)
        return int((await self._session.execute(statement)).scalar_one())

    async def totals(self, wanted: SalesFilter) -> Figures:
        """Figures of all orders that fit."""
        row = (await self._session.execute(self._filtered(select(*_SUMS), wanted))).one()
        return Figures("", *map(int, row))

    async def by_operator(self, wanted: SalesFilter) -> list[Figures]:
        """Figures of each operator whose orders fit, by name."""
        name = col(Order.operator_name)
        statement = self._filtered(select(name, *_SUMS), wanted).group_by(name).order_by(name)
        return [Figures(row[0], *map(int, row[1:])) for row in await self._session.execute(statement)]

    def _filtered(self, statement: Any, wanted: SalesFilter) -> Select[Any]:
        statement = statement.join(
            Command,
            and_(col(Command.project_id) == Order.project_id, col(Command.id) == Order.command_id),
        )
        if wanted.area is not None:
            statement = statement.join(
                Point, and_(col(Point.project_id) == Order.project_id, col(Point.id) == Order.point_id)
            )
        narrowed: Select[Any] = self._narrow(statement, Order, Command).where(*_conditions(wanted))
        return narrowed


def _sum(kind: CommandKind, column: Any) -> ColumnElement[int]:
    applied = and_(col(Order.applied_at).is_not(None), col(Order.kind) == kind)
    return func.coalesce(func.sum(case((applied, column), else_=0)), 0)


_COLLECTED_FEN: Final = col(Order.owed_fen) + col(Order.property_fen)

_SUMS: Final[tuple[Any, ...]] = (
    func.count().filter(col(Order.applied_at).is_not(None)),
    _sum(CommandKind.SALE, Order.amount_fen),
    _sum(CommandKind.REVERSAL, Order.amount_fen),
    _sum(CommandKind.REFUND, Order.amount_fen),
    _sum(CommandKind.GRANT, Order.amount_fen),
    _sum(CommandKind.SALE, Order.fee_fen) - _sum(CommandKind.REVERSAL, Order.fee_fen),
    _sum(CommandKind.SALE, _COLLECTED_FEN) - _sum(CommandKind.REVERSAL, _COLLECTED_FEN),
)
"""In the order of `Figures`."""


def _conditions(wanted: SalesFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.kinds is not None:
        conditions.append(col(Order.kind).in_(wanted.kinds))
    if wanted.states is not None:
        conditions.append(col(Command.state).in_(wanted.states))
    if wanted.since is not None:
        conditions.append(col(Order.created_at) >= wanted.since)
    if wanted.until is not None:
        conditions.append(col(Order.created_at) < wanted.until)
    for column, part in (
        (Order.receipt_number, wanted.receipt_number),
        (Order.meter_number, wanted.meter_number),
        (Order.place, wanted.place),
        (Order.customer_name, wanted.customer_name),
        (Order.operator_name, wanted.operator_name),
    ):
        if part is not None:
            conditions.append(col(column).contains(part, autoescape=True))
    if wanted.account_id is not None:
        conditions.append(col(Order.account_id) == wanted.account_id)
    if wanted.area is not None:
        head = col(Point.area)[1 : len(wanted.area)]
        conditions.append(head == cast(list(wanted.area), ARRAY(Text)))
    if wanted.amount_min_fen is not None:
        conditions.append(col(Order.amount_fen) >= wanted.amount_min_fen)
    if wanted.amount_max_fen is not None:
        conditions.append(col(Order.amount_fen) <= wanted.amount_max_fen)
    return conditions
