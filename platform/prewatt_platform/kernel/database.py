"""The database: connection pool, units of work, and layer 2 of the isolation between projects.

Every transaction runs as one of two roles that own no table and cannot bypass row-level security:

- `prewatt_app` for project rows. Row-level security compares each row's project with the transaction-local setting
  `app.project`; without it no row is visible and none can be written.
- `prewatt_directory` for operators, sessions, memberships and the list of projects; it has no right on project rows.

`SET LOCAL` ends with the transaction, so a pooled connection given back carries no project (tested).
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from prewatt_fixtures.clock import Clock
from prewatt_fixtures.virtual import time_held
from prewatt_platform.kernel import audit, connections
from prewatt_platform.kernel.errors import DatabaseUnreachable
from prewatt_platform.kernel.ids import IdMaker
from prewatt_platform.kernel.tenancy import PLATFORM, Actor, Scope, Work

# set_config(…, true) is SET LOCAL; as a function it takes the project as a bind parameter
_AS_APP = text("SELECT set_config('role', 'prewatt_app', true), set_config('app.project', :project, true)")
_AS_DIRECTORY = text("SELECT set_config('role', 'prewatt_directory', true)")


@contextmanager
def _detach_rows_on_error(session: AsyncSession) -> Iterator[None]:
    """Detach rows before a rollback expires them: an error may carry a row, and its handler reads it afterwards."""
    try:
        yield
    except BaseException:
        session.expunge_all()
        raise


class Database:
    """Units of work over one PostgreSQL database."""

    def __init__(self, url: str, *, clock: Clock, new_id: IdMaker, connections_max: int = 10) -> None:
        self.url = url
        self._clock = clock
        self._new_id = new_id
        self.engine: AsyncEngine = connections.engine(
            url, pool_size=connections_max, max_overflow=0, pool_pre_ping=True
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    async def check(self) -> None:
        """Raise `DatabaseUnreachable` unless a query succeeds."""
        try:
            with time_held():
                async with self.engine.connect() as connection:
                    await connection.execute(text("SELECT 1"))
        except DBAPIError as failure:
            raise DatabaseUnreachable(self.url, connections.first_line(failure)) from failure
        except OSError as failure:
            raise DatabaseUnreachable(self.url, str(failure) or "no answer in time") from failure

    @asynccontextmanager
    async def project(self, scope: Scope) -> AsyncIterator[Work]:
        """A unit of work in one project: committed at the end, rolled back on any error."""
        async with self._transaction() as session:
            await session.execute(_AS_APP, {"project": str(scope.project_id)})
            with _detach_rows_on_error(session):
                work = Work(session, scope, self._clock, self._new_id)
                yield work
                await session.flush()
                # last: it locks the head of the audit chain, which all transactions of the project share
                await audit.seal(work)

    @asynccontextmanager
    async def snapshot(self, scope: Scope) -> AsyncIterator[Work]:
        """A unit of work in one project that reads the rows of one moment, however long it takes, and writes nothing."""
        with time_held():
            async with self._sessions() as session:
                await session.connection(
                    execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                )
                await session.execute(_AS_APP, {"project": str(scope.project_id)})
                with _detach_rows_on_error(session):
                    yield Work(session, scope, self._clock, self._new_id)

    @asynccontextmanager
    async def directory(self, actor: Actor = PLATFORM) -> AsyncIterator[Work]:
        """A unit of work on operators, sessions and the list of projects. It cannot read any project's rows."""
        async with self._transaction() as session:
            await session.execute(_AS_DIRECTORY)
            with _detach_rows_on_error(session):
                yield Work(session, Scope(0, actor), self._clock, self._new_id)

    @asynccontextmanager
    async def within(self, directory: Work, scope: Scope) -> AsyncIterator[Work]:
        """A project's unit of work inside a directory's transaction: a new project and its rows commit together."""
        await directory.session.flush()
        await directory.session.execute(_AS_APP, {"project": str(scope.project_id)})
        work = Work(directory.session, scope, self._clock, self._new_id)
        yield work
        await work.session.flush()
        await audit.seal(work)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        # a transaction never waits for the bus or a clock, so virtual time of tests may stand still meanwhile
        with time_held():
            async with self._sessions.begin() as session:
                yield session

    async def count_rows(self, *tables: str) -> None:
        """Run ANALYZE on the tables after a bulk insert.

        Autovacuum does so only after about a minute; until then PostgreSQL plans for empty tables and joins take
        seconds. PostgreSQL skips tables that the account does not own, with a warning.
        """
        with time_held():
            async with self.engine.begin() as connection:
                await connection.execute(text(f"ANALYZE {', '.join(tables)}"))

    async def close(self) -> None:
        """Close all connections."""
        with time_held():
            await self.engine.dispose()
