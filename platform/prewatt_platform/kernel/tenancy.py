"""Tenant isolation: actor, scope, unit of work, and the repository base class that filters by project.

Two layers isolate projects, and each works without the other. Layer 1 is `Repository`: each of its statements is
filtered by the scope's project. Layer 2 is the database (`database`): the transaction runs as a role that cannot bypass
row-level security, which compares each row's project with a transaction-local setting. A scope comes from a verified
credential or, for the platform's own work, from a project's row; never from an argument of a request.
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
    """One project and the actor in it."""

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
    """Audit events as (action, subject, detail); `audit.seal` writes them right before the commit."""

    @property
    def project_id(self) -> int:
        """The project of this unit of work."""
        return self.scope.project_id


class Repository:
    """Base of all repositories of project rows: layer 1 of the isolation."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._session = work.session
        self._project_id = work.project_id

    def _scoped(self, model: type[Row]) -> SelectOfScalar[Row]:
        """`select(model)` filtered by this project. Queries on one table start here."""
        scoped: SelectOfScalar[Row] = self._narrow(select(model), model)
        return scoped

    def _narrow(self, statement: Any, *models: type[SQLModel]) -> Any:
        """Filter a statement by this project, for each of its tables. Queries with joins end here."""
        for model in models:
            statement = statement.where(model.project_id == self._project_id)  # type: ignore[attr-defined]
        return statement

    async def _one(self, statement: SelectOfScalar[Row]) -> Row | None:
        found: Row | None = (await self._session.execute(statement)).scalar_one_or_none()
        return found

    async def _all(self, statement: SelectOfScalar[Row]) -> list[Row]:
        return list((await self._session.execute(statement)).scalars())

    async def add(self, row: Row) -> Row:
        """Insert a row now, so that constraints fail here and not at the commit. Raises `ForeignRow`."""
        await self.add_all([row])
        return row

    async def add_all(self, rows: Sequence[SQLModel]) -> None:
        """Insert rows now. Raises `ForeignRow`, before any is written, for a row of another project."""
        for row in rows:
            if row.project_id != self._project_id:  # type: ignore[attr-defined]  # every project table has it
                raise ForeignRow(type(row).__name__)
        self._session.add_all(rows)
        await self._session.flush()

    async def add_in_bulk(self, rows: Mapping[type[SQLModel], Sequence[SQLModel]]) -> None:
        """Insert many rows: one statement for each table, in the given order of tables. Raises `ForeignRow`."""
        for table, of_table in rows.items():
            if any(row.project_id != self._project_id for row in of_table):  # type: ignore[attr-defined]  # as above
                raise ForeignRow(table.__name__)
            if of_table:
                # the database generates computed columns; naming one in an INSERT is an error
                columns = [column for column in sa_inspect(table).columns if column.computed is None]
                values = [{column.key: getattr(row, column.key) for column in columns} for row in of_table]
                await self._session.execute(insert(table), values)
