"""Alembic environment: one asyncpg connection, one transaction, one migration at a time by an advisory lock."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.pool import NullPool

from prewatt_platform.kernel import connections

MIGRATION_LOCK = 0x70726577  # "prew"


def _run(connection: Connection) -> None:
    # before Alembic reads the revision: the second process then finds the first one's result and does nothing
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    context.configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


async def _migrate() -> None:
    async with connections.engine(context.config.attributes["url"], poolclass=NullPool).begin() as connection:
        await connection.run_sync(_run)


asyncio.run(_migrate())
