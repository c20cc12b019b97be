"""Migrates a database to the schema of this version, and checks its revision.

Migrations are Alembic scripts in `prewatt_platform/migrations`. An advisory lock makes concurrent migrations run one
after the other. Importing Alembic takes about a second, so it is imported only for a migration.
"""

import asyncio
import threading
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from prewatt_platform.kernel.connections import first_line
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.errors import MigrationFailed, SchemaOutdated

HEAD = "0001"
"""The revision that this version works with (a test compares it with the scripts)."""

SCRIPTS = Path(__file__).parent.parent / "migrations"


_one_at_a_time = threading.Lock()
"""Alembic keeps the running migration in a global of the process. Processes are kept apart by the lock in `env.py`."""


async def upgrade(url: str) -> None:
    """Migrate the database at `url` to `HEAD`; does nothing when it is there. Raises `MigrationFailed`."""
    try:
        await asyncio.to_thread(_upgrade, url)
    except DBAPIError as failure:
        raise MigrationFailed(first_line(failure)) from failure


def _upgrade(url: str) -> None:
    from alembic import command  # noqa: PLC0415 - one second of imports, for this call only
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["url"] = url
    with _one_at_a_time:
        command.upgrade(config, "head")


async def revision(database: Database) -> str | None:
    """The schema's revision, or None in an empty database."""
    try:
        async with database.engine.connect() as connection:
            return (
                await connection.execute(text("SELECT version_num FROM alembic_version"))
            ).scalar_one_or_none()
    except DBAPIError as wrong:
        if getattr(wrong.orig, "sqlstate", None) == "42P01":  # undefined_table
            return None
        raise


async def check(database: Database) -> None:
    """Raise `SchemaOutdated` unless the database has the schema of this version."""
    found = await revision(database)
    if found != HEAD:
        raise SchemaOutdated(found, HEAD)
