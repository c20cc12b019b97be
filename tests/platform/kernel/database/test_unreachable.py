"""Errors for an unreachable or wrong database name it with the way out, without the password."""

import asyncio
import socket

import pytest

from prewatt_fixtures.clock import RealClock
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.database_source import asyncpg_url
from prewatt_platform.kernel.errors import DatabaseUnreachable, DatabaseUrlWrong
from prewatt_platform.kernel.ids import IdMaker

pytestmark = pytest.mark.anyio

SECRET = "tell-nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def check(url: str) -> None:
    clock = RealClock()
    database = Database(asyncpg_url(url), clock=clock, new_id=IdMaker(clock))
    try:
        await database.check()
    finally:
        await database.close()


async def test_connection_refused() -> None:
    port = _free_port()
    with pytest.raises(DatabaseUnreachable) as refused:
        await check(f"postgresql://anna:{SECRET}@127.0.0.1:{port}/prewatt")
    assert f"anna:***@127.0.0.1:{port}/prewatt" in str(refused.value)
    assert "PREWATT_DATABASE_URL" in str(refused.value)
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_unknown_host() -> None:
    with pytest.raises(DatabaseUnreachable, match=r"nowhere\.invalid"):
        await check(f"postgresql://anna:{SECRET}@nowhere.invalid/prewatt")


async def test_unknown_database(postgres_url: str) -> None:
    with pytest.raises(DatabaseUnreachable, match='"nobodys" does not exist'):
        await check(postgres_url.replace("/postgres?", "/nobodys?"))


async def test_unknown_account(postgres_url: str) -> None:
    wrong = postgres_url.replace("postgres@", f"anna:{SECRET}@")
    with pytest.raises(DatabaseUnreachable, match='"anna" does not exist') as refused:
        await check(wrong)
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_server_that_is_not_postgresql() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as nobody:
        port = nobody.sockets[0].getsockname()[1]
        with pytest.raises(DatabaseUnreachable, match=str(port)):
            await check(f"postgresql://anna@127.0.0.1:{port}/prewatt?sslmode=disable")


@pytest.mark.parametrize("options", ["sslmode=disable", "sslmode=prefer", "application_name=mine"])
async def test_url_takes_libpq_options(postgres_url: str, options: str) -> None:
    await check(f"{postgres_url}&{options}")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "not a URL"),
        ("", "not a URL"),
        ("postgresql://h:port/db", "not a URL"),
        ("mysql://anna:tell-nobody@db/prewatt", "mysql is not postgresql"),
        ("sqlite:///prewatt.db", "sqlite is not postgresql"),
    ],
)
async def test_invalid_url_is_refused_without_printing_it(url: str, said: str) -> None:
    with pytest.raises(DatabaseUrlWrong, match=said) as refused:
        await check(url)
    assert "postgresql://user:password@host:port/database" in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg"])
def test_every_spelling_of_the_scheme_is_accepted(scheme: str) -> None:
    assert asyncpg_url(f"{scheme}://a:b@h/d") == "postgresql+asyncpg://a:b@h/d"
