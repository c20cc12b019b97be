"""Which database this process works on: the one that `PREWATT_DATABASE_URL` names, else an embedded one.

An embedded database is brought to this version's schema by itself; a named one is migrated only when its
administrator says so (`prewatt db upgrade`).
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
    """The URL to work on, for the length of the block; an embedded server runs as long.

    `DatabaseUrlWrong` when the setting is no PostgreSQL URL; `PostgresMissing` and its like when none can be embedded.
    """
    if settings.database_url is not None:
        yield asyncpg_url(settings.database_url.get_secret_value())
        return
    async with EmbeddedPostgres(settings.data) as url:
        await migrate.upgrade(url)
        yield url


def asyncpg_url(given: str) -> str:
    """The URL with our driver, however the administrator wrote it."""
    try:
        url = make_url(given)
    except (ArgumentError, ValueError) as wrong:  # a port that is no number is the latter
        raise DatabaseUrlWrong("not a URL") from wrong
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise DatabaseUrlWrong(f"{url.get_backend_name()} is not postgresql")
    return url.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
