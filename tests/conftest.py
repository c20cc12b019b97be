"""What every test folder shares: the event loop's kind, and one PostgreSQL server for each test process."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Session-wide, so that fixtures of any scope may be coroutines."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of an empty server: one for each pytest process, so one for each worker. Make databases, not servers.

    It does not wait for the disk, which no test needs.
    """
    # imported here: tests of the simulator alone need no database driver
    from prewatt_platform.kernel.postgres import EmbeddedPostgres

    with EmbeddedPostgres(
        settings={"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    ) as url:
        yield url
