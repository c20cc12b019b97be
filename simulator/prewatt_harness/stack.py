"""The demo's stack: database, farm and platform as processes, and an operator.

It owns the order in which they rise and fall, and what a data folder keeps. Everything is stopped with the block;
what is killed takes the rest along (`program`, and the keeper of the embedded database).
"""

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

from prewatt_fixtures.clock import Clock
from prewatt_fixtures.endpoints import Endpoint
from prewatt_fixtures.http_server import AddressUnusable, listener
from prewatt_fixtures.site import Site
from prewatt_harness.errors import ProgramEnded
from prewatt_harness.program import Program, running
from prewatt_harness.progress import Progress
from prewatt_platform.kernel import migrate
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.ids import IdMaker
from prewatt_platform.kernel.postgres import EmbeddedPostgres
from prewatt_platform.kernel.settings import Settings, read_settings
from prewatt_platform.onboarding import import_site
from prewatt_platform.operators.errors import NameTaken
from prewatt_platform.operators.models import Role
from prewatt_platform.operators.service import OperatorService
from prewatt_platform.projects.models import Project
from prewatt_platform.projects.repository import ProjectRepository

HOST: Final = "127.0.0.1"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class StackPlan:
    """Plan of a stack."""

    site: Site
    site_name: str
    """As the farm is told: a shipped name or a path."""
    data: Path | None
    """A folder that keeps database and registers; without it both are gone at the end."""
    ports: tuple[int, ...]
    """Ports for the API, to be tried in this order; 0 is any free one."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A fresh operator, administrator of the site's project."""

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack: its addresses and the operator's sign-in."""

    endpoints: tuple[Endpoint, ...]
    sign_in: SignIn
    url: str
    started_at: datetime
    """When the platform was started: what it read later it read here."""
    ready_at: datetime
    """When it said that it works."""
    programs: tuple[Program, Program]

    async def standing_for(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of `work`; `ProgramEnded` as soon as the farm or the platform ends by itself."""
        working, stands = asyncio.ensure_future(work), asyncio.ensure_future(self.stand())
        try:
            await asyncio.wait({working, stands}, return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else stands.result()
        finally:
            working.cancel()
            stands.cancel()
            await asyncio.gather(working, stands, return_exceptions=True)

    async def stand(self) -> NoReturn:
        """Wait until cancelled. Raises `ProgramEnded` when the farm or the platform ends by itself."""
        waits = [asyncio.ensure_future(program.ended()) for program in self.programs]
        try:
            first, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            raise first.pop().result()
        finally:
            for wait in waits:
                wait.cancel()


@asynccontextmanager
async def running_stack(plan: StackPlan, clock: Clock, progress: Progress) -> AsyncIterator[Stack]:
    """Run the stack for the length of the block.

    `ProgramEnded`; `AddressUnusable` when no port is left; the platform's errors when the folder or the database
    cannot be used.
    """
    settings = read_settings()
    progress.begin("starting the database")
    async with EmbeddedPostgres(plan.data / "database" if plan.data else None) as database_url:
        await migrate.upgrade(database_url)
        progress.begin("starting the farm")
        async with running("farm", _farm_arguments(plan)) as farm:
            endpoints = tuple(Endpoint(**row) for row in farm.announced if "gateway" in row)
            progress.begin(f"importing {len(plan.site.energy_meters)} meters")
            sign_in = await _settle(database_url, plan.site, endpoints, settings, clock)
            progress.begin("starting the platform")
            started_at = clock.now()
            async with _platform(database_url, plan.ports) as platform:
                url = platform.announced[-1]["url"]
                yield Stack(endpoints, sign_in, url, started_at, clock.now(), (farm, platform))


def _farm_arguments(plan: StackPlan) -> list[str]:
    arguments = ["sim", "run", plan.site_name, "--base-port", "0", "--no-wire-timing", "--json"]
    if plan.data is not None:
        arguments += ["--state", str(plan.data / f"farm-{plan.site.project.code}.json")]
    return arguments


async def _settle(
    url: str, site: Site, endpoints: Sequence[Endpoint], settings: Settings, clock: Clock
) -> SignIn:
    """Import the site with the farm's addresses, and add an operator for its project."""
    database = Database(url, clock=clock, new_id=IdMaker(clock))
    try:
        await import_site(database, site, endpoints)
        async with database.directory() as work:
            project = await ProjectRepository(work).by_code(site.project.code)
        assert project is not None, "it was imported just now"
        return await _add_operator(OperatorService(database, settings), project)
    finally:
        await database.close()


async def _add_operator(operators: OperatorService, project: Project) -> SignIn:
    """Add an operator for this run; operators of earlier runs on the same folder stay valid."""
    names = chain(["demo"], (f"demo-{number}" for number in count(2)))
    password = secrets.token_urlsafe(12)
    while True:
        name = next(names)
        with contextlib.suppress(NameTaken):
            await operators.add(name, password, "Demo", [(project, Role.ADMINISTRATOR)])
            return SignIn(name, password)


@asynccontextmanager
async def _platform(url: str, ports: Sequence[int]) -> AsyncIterator[Program]:
    async with AsyncExitStack() as started:
        yield await _start_platform(started, url, ports)


async def _start_platform(started: AsyncExitStack, url: str, ports: Sequence[int]) -> Program:
    """The platform on the first of the ports that is free, also when another process takes one at this moment."""
    *preferred, last = ports
    for port in preferred:
        if is_free(port):
            try:
                return await started.enter_async_context(_serving(url, port))
            except ProgramEnded:
                if is_free(port):
                    raise
    return await started.enter_async_context(_serving(url, last))


def _serving(url: str, port: int) -> AbstractAsyncContextManager[Program]:
    arguments = ["serve", "--host", HOST, "--port", str(port), "--role", "all", "--json"]
    return running("platform", arguments, {**os.environ, "PREWATT_DATABASE_URL": url})


def is_free(port: int) -> bool:
    """Whether the API could listen there now."""
    try:
        listener(HOST, port).close()
    except AddressUnusable:
        return False
    return True
