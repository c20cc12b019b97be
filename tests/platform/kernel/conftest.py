"""Looking at processes from outside, and programs that own something until they are told or killed."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

_PATIENCE_S = 30.0


def _stat(pid: int) -> tuple[str, int] | None:
    """State and parent of a process, None when there is none."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return state, int(parent)


def _descendants(pid: int) -> set[int]:
    """Every process below `pid`."""
    parents = {int(p.name): stat[1] for p in Path("/proc").glob("[0-9]*") if (stat := _stat(int(p.name)))}
    found: set[int] = set()
    below = {pid}
    while below := {child for child, parent in parents.items() if parent in below}:
        found |= below
    return found


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - the world outside sets no event
            await asyncio.sleep(0.01)


async def _gone(pids: Iterable[int]) -> None:
    watched = list(pids)
    await _until(lambda: all((stat := _stat(pid)) is None or stat[0] == "Z" for pid in watched))


Owner = Callable[..., Awaitable[tuple[asyncio.subprocess.Process, str]]]


@pytest.fixture
def ask() -> Callable[[str, str], Awaitable[object]]:
    """One value from the server at an URL, over a connection of its own."""

    async def fetch(url: str, query: str) -> object:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return fetch


@pytest.fixture
def descendants() -> Callable[[int], set[int]]:
    return _descendants


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Wait for a condition of the world outside; fails when it does not come."""
    return _until


@pytest.fixture
def gone() -> Callable[[Iterable[int]], Awaitable[None]]:
    """Wait until none of the processes runs any more."""
    return _gone


@asynccontextmanager
async def _running(command: list[str]) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_PATIENCE_S):
            line = (await process.stdout.readline()).decode().strip()
        yield process, line
    finally:
        process.stdin.close()
        async with asyncio.timeout(_PATIENCE_S):
            await process.communicate()


@pytest.fixture
async def owner() -> AsyncIterator[Owner]:
    """Start a Python program, under another account if wanted; gives its process and the first line that it prints.

    The other account may read everything, because the interpreter may lie where only root can enter.
    """
    async with AsyncExitStack() as running:

        async def start(
            program: str, *arguments: str, account: str | None = None
        ) -> tuple[asyncio.subprocess.Process, str]:
            as_account = (
                ["setpriv", "--reuid", account, "--regid", account, "--clear-groups",
                 "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
                if account else []
            )  # fmt: skip
            command = [*as_account, sys.executable, "-c", program, *arguments]
            return await running.enter_async_context(_running(command))

        yield start


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can run something as another account, with setpriv")
