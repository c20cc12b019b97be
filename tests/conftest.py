"""What every test folder shares: the event loop's kind, a PostgreSQL server for each test process, a database for
each test that wants one, and deployments: a farm on its sockets with a platform that knows it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from prewatt_fixtures.clock import Clock
    from prewatt_fixtures.endpoints import Endpoint, Framing
    from prewatt_fixtures.site import Site
    from prewatt_platform.app import Platform, ServeRole
    from prewatt_platform.control.models import Command
    from prewatt_platform.kernel.database import Database
    from prewatt_platform.kernel.settings import Settings
    from prewatt_platform.kernel.tenancy import Scope
    from prewatt_platform.operators.models import Role
    from prewatt_platform.projects.models import Project
    from prewatt_simulator.farm import Farm

# No test may fail because the machine is busy: neither by a deadline nor by slow drawing of examples.
settings.register_profile("prewatt", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("prewatt")

PATIENCE_S = 60.0
"""How long a test waits for what has to come."""

PASSWORD = "correct horse"

T = TypeVar("T")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Session-wide, so that fixtures of any scope may be coroutines."""
    return "asyncio"


@pytest.fixture(scope="session")
def lacking() -> Callable[[str], NoReturn]:
    """Says what of the independent is not installed: the test is skipped, or fails when PREWATT_REQUIRE_PEERS=1."""

    def give_up(what: str) -> NoReturn:
        if os.environ.get("PREWATT_REQUIRE_PEERS") == "1":
            pytest.fail(f"{what} is not installed")
        pytest.skip(f"{what} is not installed")

    return give_up


@pytest.fixture(scope="session")
def peer(lacking: Callable[[str], NoReturn]) -> Callable[[str], str]:
    """Finds an independent program by name. Without it a test is skipped, or fails, as `lacking` says."""

    def find(program: str) -> str:
        return shutil.which(program) or lacking(f"the program {program}")

    return find


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


async def _ask_server(url: str, statement: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def migrated_template(postgres_url: str) -> str:
    """Name of a migrated database that nobody connects to, to be copied."""
    from prewatt_platform.kernel import migrate

    await _ask_server(postgres_url, "CREATE DATABASE prewatt_template")
    await migrate.upgrade(postgres_url.replace("/postgres?", "/prewatt_template?"))
    return "prewatt_template"


@pytest.fixture(scope="session")
def own_database(postgres_url: str) -> Callable[[str], AbstractAsyncContextManager[str]]:
    """A copy of a database for the length of a block: give it the template, get the URL."""
    return partial(_own_database, postgres_url)


@pytest.fixture
async def empty_database_url(postgres_url: str) -> AsyncIterator[str]:
    """A database of this test's own, without any schema."""
    async with _own_database(postgres_url, "template0") as url:
        yield url


@pytest.fixture
async def database_url(postgres_url: str, migrated_template: str) -> AsyncIterator[str]:
    """A database of this test's own, with this version's schema and nothing in it."""
    async with _own_database(postgres_url, migrated_template) as url:
        yield url


@pytest.fixture(scope="module")
async def shared_database_url(postgres_url: str, migrated_template: str) -> AsyncIterator[str]:
    """Like `database_url`, for all tests of a module that do not mind each other."""
    async with _own_database(postgres_url, migrated_template) as url:
        yield url


@asynccontextmanager
async def _own_database(server_url: str, template: str) -> AsyncIterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    await _ask_server(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server_url.replace("/postgres?", f"/{name}?")
    await _ask_server(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Units of work over this test's database, on the machine's clock."""
    from prewatt_fixtures.clock import RealClock
    from prewatt_platform.kernel.database import Database
    from prewatt_platform.kernel.ids import IdMaker

    clock = RealClock()
    database = Database(database_url, clock=clock, new_id=IdMaker(clock))
    yield database
    await database.close()


@dataclass
class Deployment:
    """A farm on its sockets, and a platform that has imported its site."""

    farm: Farm
    endpoints: tuple[Endpoint, ...]
    platform: Platform
    project: Project
    scope: Scope
    """The project, as an operator of no record sees it; `operator` makes one who can sign in."""

    @property
    def database(self) -> Database:
        return self.platform.database

    async def until(self, condition: Callable[[], Awaitable[T]], patience_s: float = PATIENCE_S) -> T:
        """The first true thing that `condition` returns; TimeoutError when none comes."""
        async with asyncio.timeout(patience_s):
            while not (found := await condition()):  # noqa: ASYNC110 - what is waited for sets no event
                await asyncio.sleep(0.02)
        return found

    async def ended(self, command_id: uuid.UUID, patience_s: float = PATIENCE_S) -> Command:
        """The command once it is final."""
        from prewatt_platform.control.repository import CommandRepository

        async def final() -> Command | None:
            async with self.database.project(self.scope) as work:
                command = await CommandRepository(work).by_id(command_id)
            assert command is not None
            return command if command.final else None

        found = await self.until(final, patience_s)
        assert found is not None
        return found

    async def read(self, patience_s: float = PATIENCE_S) -> None:
        """Return when every meter of the site has been read."""
        from prewatt_platform.accounts.meter_list import MeterListFilter, MeterListOrder, MeterListRepository

        async def all_read() -> bool:
            async with self.database.project(self.scope) as work:
                rows, _ = await MeterListRepository(work).page(
                    MeterListFilter(), MeterListOrder(), 1000, None
                )
            return len(rows) > 0 and all(row.state.reading_at is not None for row in rows)

        await self.until(all_read, patience_s)

    async def operator(self, name: str, role: Role) -> str:
        """A new operator of this project, signed in; their token. The password is `PASSWORD`."""
        await self.platform.operators.add(name, PASSWORD, name.title(), [(self.project, role)])
        token, _ = await self.platform.operators.sign_in(name, PASSWORD)
        return token


def _site(name: str, code: str | None) -> Site:
    from prewatt_fixtures.site import load_site, parse_site

    if code is None:
        return load_site(name)
    text = (resources.files("prewatt_fixtures") / "sites" / f"{name}.toml").read_text("utf-8")
    own = load_site(name).project.code
    return parse_site(text.replace(f'"{own}', f'"{code}'), f"{name} as project {code}")


async def _build(
    stack: AsyncExitStack,
    database_url: str,
    site: str | Site,
    *,
    code: str | None = None,
    work: ServeRole | None = None,
    clock: Clock | None = None,
    framing: Framing = "rtu",
    known: bool = True,
    settings: Settings | None = None,
    **platform: Any,
) -> Deployment:
    from prewatt_fixtures.clock import RealClock
    from prewatt_platform.app import Platform
    from prewatt_platform.kernel.settings import Settings
    from prewatt_platform.kernel.tenancy import Actor, Scope
    from prewatt_platform.onboarding import import_site
    from prewatt_platform.projects.repository import ProjectRepository
    from prewatt_simulator.farm import Farm

    described = _site(site, code) if isinstance(site, str) else site
    clock = clock or RealClock()
    farm = Farm(described, clock=clock)
    endpoints = await stack.enter_async_context(farm.serving(framing=framing))
    deployment = Platform(database_url, settings or Settings(), clock=clock, **platform)
    stack.push_async_callback(deployment.stop)
    await import_site(deployment.database, described, endpoints if known else ())
    async with deployment.database.directory() as directory:
        project = await ProjectRepository(directory).by_code(described.project.code)
    assert project is not None
    assert project.id is not None
    if work is not None:
        await deployment.start(work)
    return Deployment(
        farm, endpoints, deployment, project, Scope(project.id, Actor(deployment.new_id(), "test operator"))
    )


@pytest.fixture(scope="session")
def build_deployment() -> Callable[..., Awaitable[Deployment]]:
    """For fixtures of wider scope: `open_deployment`, with the stack that closes it and the database named first."""
    return _build


@pytest.fixture
async def open_deployment(database_url: str) -> AsyncIterator[Callable[..., Awaitable[Deployment]]]:
    """Deployments over this test's database, each built by a call; all platforms of a test share the database.

    The site is a shipped one by name, or a site; `code` gives a shipped one another project's code, so that two
    projects live side by side. `work` is the role that the platform starts with; None starts nothing.
    `known=False` imports the site without its endpoints. What else is named goes to `Platform`.
    """
    async with AsyncExitStack() as stack:

        async def build(site: str | Site = "tiny", **how: Any) -> Deployment:
            return await _build(stack, database_url, site, **how)

        yield build


@pytest.fixture(scope="module")
async def open_shared_deployment(
    shared_database_url: str,
) -> AsyncIterator[Callable[..., Awaitable[Deployment]]]:
    """Like `open_deployment`, for deployments that run as long as the module's tests run."""
    async with AsyncExitStack() as stack:

        async def build(site: str | Site = "tiny", **how: Any) -> Deployment:
            return await _build(stack, shared_database_url, site, **how)

        yield build


@dataclass
class LiveApi:
    """The API of a deployment's platform on a port of its own."""

    url: str
    deployment: Deployment

    async def ask(
        self,
        query: str,
        variables: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        project: str | None = None,
    ) -> dict[str, Any]:
        """The whole JSON answer to one document; without a token nobody asks, without a project it is the deployment's."""
        import httpx

        headers = {"X-Project": project or self.deployment.project.code}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        body = {"query": query, "variables": variables or {}}
        async with httpx.AsyncClient(timeout=PATIENCE_S, verify=False) as client:
            answer = await client.post(f"{self.url}/graphql", json=body, headers=headers)
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def open_api() -> AsyncIterator[Callable[[Deployment], Awaitable[LiveApi]]]:
    """Puts the API of a deployment on a free port. The deployment's platform must be at work (`work="all"` or `"api"`)."""
    async with _apis() as build:
        yield build


@pytest.fixture(scope="module")
async def open_shared_api() -> AsyncIterator[Callable[[Deployment], Awaitable[LiveApi]]]:
    """Like `open_api`, for as long as the module's tests run."""
    async with _apis() as build:
        yield build


@asynccontextmanager
async def _apis() -> AsyncIterator[Callable[[Deployment], Awaitable[LiveApi]]]:
    from prewatt_fixtures.http_server import listener, serving
    from prewatt_graphql.limit_values import BODY_BYTES_MAX
    from prewatt_graphql.serve import application

    async with AsyncExitStack() as stack:

        async def build(deployment: Deployment) -> LiveApi:
            bound = listener("127.0.0.1", 0)
            api = serving(application(deployment.platform, "api"), bound, message_bytes_max=BODY_BYTES_MAX)
            url, _ = await stack.enter_async_context(api)
            return LiveApi(url, deployment)

        yield build
