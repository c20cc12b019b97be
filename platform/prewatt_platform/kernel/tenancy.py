"""Who is asking, and for which project: the scope that every repository is built with.

Isolation stands twice. The first wall is `Repository`: each statement it makes is narrowed to the scope's project.
The second wall is the database: the transaction runs as an application role without bypass, with the project in a
transaction-local setting that row-level security compares (`database`). A scope is made from a verified credential
or, for the platform's own work, from a project's row; never from a request's argument.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy import inspect as sa_inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, select
from sqlmodel.sql.expression import SelectOfScalar

from prewatt_fixtures.clock import Clock
from prewatt_platform.kernel.errors import ForeignRow
from prewatt_platform.kernel.ids import IdMaker

Row = TypeVar("Row", bound=SQLModel)


@dataclass(frozen=True, slots=True)
class Actor:
    """An operator, or the platform itself (`id` None)."""

    id: UUID | None
    name: str


PLATFORM = Actor(None, "platform")
"""The platform's own work: collection, resumed commands, import."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One project, and who acts in it."""

    project_id: int
    actor: Actor


@dataclass(frozen=True, slots=True)
class Work:
    """A unit of work: one transaction in one scope. Services and repositories take it; its owner commits it."""

    session: AsyncSession
    scope: Scope
    clock: Clock
    new_id: IdMaker
    events: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    """What the audit trail will say of it: (action, subject, detail); written right before the commit."""

    @property
    def project_id(self) -> int:
        """The project of this unit of work."""
        return self.scope.project_id


class Repository:
    """Base of all repositories of project rows: the first wall."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._session = work.session
        self._project_id = work.project_id

    def _scoped(self, model: type[Row]) -> SelectOfScalar[Row]:
        """`select(model)` of this project's rows; the only way a repository starts a query."""
        scoped: SelectOfScalar[Row] = self._narrow(select(model), model)
        return scoped

    def _narrow(self, statement: Any, *models: type[SQLModel]) -> Any:
        """The statement, kept to this project's rows of every named table."""
        for model in models:
            statement = statement.where(model.project_id == self._project_id)  # type: ignore[attr-defined]
        return statement

    async def _one(self, statement: SelectOfScalar[Row]) -> Row | None:
        found: Row | None = (await self._session.execute(statement)).scalar_one_or_none()
        return found

    async def _all(self, statement: SelectOfScalar[Row]) -> list[Row]:
        return list((await self._session.execute(statement)).scalars())

    async def add(self, row: Row) -> Row:
        """Write a new row now, so that the database's rules speak now; `ForeignRow` when it is not of this project."""
        await self.add_all([row])
        return row

    async def add_all(self, rows: Sequence[SQLModel]) -> None:
        """Write new rows now, all of this project."""
        for row in rows:
            if row.project_id != self._project_id:  # type: ignore[attr-defined]  # every project table has it
                raise ForeignRow(type(row).__name__)
        self._session.add_all(rows)
        await self._session.flush()

    async def add_in_bulk(self, rows: Mapping[type[SQLModel], Sequence[SQLModel]]) -> None:
        """Write many new rows, table by table in the given order, each table in one statement; all of this project."""
        for table, of_table in rows.items():
            if any(row.project_id != self._project_id for row in of_table):  # type: ignore[attr-defined]  # as above
                raise ForeignRow(table.__name__)
            if of_table:
                columns = [column for column in sa_inspect(table).columns if column.computed is None]
                values = [{column.key: getattr(row, column.key) for column in columns} for row in of_table]
                await self._session.execute(insert(table), values)
