"""How a connection to PostgreSQL is made: in one way for queries, events, leadership and migrations.

The URL is the one that PostgreSQL's own tools take, options included (`sslmode`, `sslrootcert`, `host` for a socket),
so asyncpg reads it, not SQLAlchemy.
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
    """A connection of one's own, speaking UTC. What asyncpg raises: `OSError` or `asyncpg.PostgresError`."""
    with time_held():
        return await asyncpg.connect(
            make_url(url).set(drivername="postgresql").render_as_string(hide_password=False),
            timeout=CONNECT_TIMEOUT_S,
            server_settings={"timezone": "UTC", "application_name": "prewatt"},
        )


def engine(url: str, **options: Any) -> AsyncEngine:
    """An SQLAlchemy engine whose connections are made by `connect`."""
    return create_async_engine("postgresql+asyncpg://", async_creator=partial(connect, url), **options)


def in_a_line(failure: DBAPIError) -> str:
    """The server's message without the libraries' comments."""
    said = failure.orig and (failure.orig.__cause__ or failure.orig)
    return str(said).partition("\n")[0]
