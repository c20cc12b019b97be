"""Connections to PostgreSQL, made the same way for queries, events, leadership and migrations.

asyncpg parses the URL, not SQLAlchemy, so it takes the options of PostgreSQL's own tools: `sslmode`, `sslrootcert`,
`host` for a socket.
"""

from functools import partial
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from prewatt_fixtures.virtual import time_held

CONNECT_TIMEOUT_S = 10


async def connect(url: str) -> "asyncpg.Connection[Any]":
    """Open one connection with time zone UTC. Raises `OSError` or `asyncpg.PostgresError`."""
    with time_held():
        return await asyncpg.connect(
            make_url(url).set(drivername="postgresql").render_as_string(hide_password=False),
            timeout=CONNECT_TIMEOUT_S,
            server_settings={"timezone": "UTC", "application_name": "prewatt"},
        )


def engine(url: str, **options: Any) -> AsyncEngine:
    """An SQLAlchemy engine with connections from `connect`; `options` as for `create_async_engine`."""
    return create_async_engine("postgresql+asyncpg://", async_creator=partial(connect, url), **options)


def first_line(failure: DBAPIError) -> str:
    """First line of the server's message, without what SQLAlchemy and asyncpg add to it."""
    cause = failure.orig and (failure.orig.__cause__ or failure.orig)
    return str(cause).partition("\n")[0]
