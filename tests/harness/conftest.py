"""Demos as a person starts them: processes of their own, each with a temporary folder that must be empty afterwards."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PATIENCE_S = 30.0

COMMAND = (sys.executable, "-m", "prewatt_fixtures", "demo")

PARENT = """
import subprocess, sys
subprocess.Popen(sys.argv[1:])
sys.stdin.read()
"""


@dataclass
class Footprint:
    """What a demo and everything below it put on this machine, found by the temporary folder they were given.

    Every process of ours has the folder in its environment, and a PostgreSQL server has it in its command line.
    """

    folder: Path
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        settings = {name: value for name, value in os.environ.items() if not name.startswith("PREWATT_")}
        self.environment = {**settings, "TMPDIR": str(self.folder)}

    def processes(self) -> dict[int, str]:
        """Command lines by process id."""
        found: dict[int, str] = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes()
                told = command + (process / "environ").read_bytes()
            except OSError:  # it ended meanwhile
                continue
            if os.fsencode(self.folder) in told:
                found[int(process.name)] = command.replace(b"\0", b" ").decode(errors="replace")
        return found

    def kill(self) -> None:
        """End whatever is left; a demo that does not end must not outlive its test."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def gone(self) -> None:
        """Return when no process and no file is left; fails naming what is."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while self.processes() or any(self.folder.iterdir()):  # noqa: ASYNC110 - nobody tells us
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pytest.fail(f"left behind: {self.processes()} {list(self.folder.iterdir())}")


@pytest.fixture
def footprint() -> Iterator[Footprint]:
    # in /tmp, open to others: the server's account must be able to enter it, and the path of its socket is short
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir="/tmp"))
    folder.chmod(0o711)
    yield Footprint(folder)
    shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Ended:
    """A demo that ended by itself."""

    exit_code: int
    out: str
    err: str


RunDemo = Callable[..., Awaitable[Ended]]
StartDemo = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
def run_demo(footprint: Footprint) -> RunDemo:
    """Run `prewatt demo ARGUMENTS` to its end."""

    async def run(*arguments: str, env: dict[str, str] | None = None) -> Ended:
        demo = await asyncio.create_subprocess_exec(
            *COMMAND,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**footprint.environment, **(env or {})},
        )
        out, err = await demo.communicate()
        assert demo.returncode is not None
        return Ended(demo.returncode, out.decode(), err.decode())

    return run


@pytest.fixture
async def start_demo(footprint: Footprint) -> AsyncIterator[StartDemo]:
    """Start `prewatt demo ARGUMENTS`, with `below_parent` as the only child of another process, which is returned."""
    started: list[asyncio.subprocess.Process] = []

    async def start(*arguments: str, below_parent: bool = False) -> asyncio.subprocess.Process:
        through = (sys.executable, "-c", PARENT) if below_parent else ()
        process = await asyncio.create_subprocess_exec(
            *through,
            *COMMAND,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=footprint.environment,
        )
        started.append(process)
        return process

    yield start
    footprint.kill()
    for process in started:
        await process.communicate()
