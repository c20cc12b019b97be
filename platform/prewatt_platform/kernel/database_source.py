"""Selects the database of this process: `PREWATT_DATABASE_URL`, else an embedded server.

An embedded database is migrated to this version's schema when it starts; another one only by its administrator
(`prewatt db upgrade`).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from prewatt_platform.kernel import migrate
from prewatt_platform.kernel.errors import DatabaseUrlWrong
from prewatt_platform.kernel.postgres import EmbeddedPostgres
from prewatt_platform.kernel.settings import Settings


@asynccontextmanager
async def database_url(settings: Settings) -> AsyncIterator[str]:
    """The URL of the database, for the length of the block; an embedded server runs for as long.

    Raises `DatabaseUrlWrong` for a setting that is no PostgreSQL URL; for an embedded server `PostgresMissing`,
    `PostgresFailed`, `FolderInUse`, `FolderUnusable`, `MigrationFailed`.
    """
    if settings.database_url is not None:
        yield asyncpg_url(settings.database_url.get_secret_value())
        return
    async with EmbeddedPostgres(settings.data) as url:
        await migrate.upgrade(url)
        yield url


def asyncpg_url(given: str) -> str:
    """The URL with the driver asyncpg. Raises `DatabaseUrlWrong`."""
    try:
        url = make_url(given)
    except (ArgumentError, ValueError) as wrong:  # ValueError: the port is no number
        raise DatabaseUrlWrong("not a URL") from wrong
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise DatabaseUrlWrong(f"{url.get_backend_name()} is not postgresql")
    return url.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
