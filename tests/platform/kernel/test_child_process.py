"""A child ends with its parent, and stops by SIGTERM or SIGKILL."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import pytest

from prewatt_platform.kernel.child_process import start_child, stop_child

pytestmark = pytest.mark.anyio

Owner = Callable[..., Awaitable[tuple[asyncio.subprocess.Process, str]]]

PARENT = """
import asyncio, sys
from prewatt_platform.kernel.child_process import start_child

async def main():
    child = await start_child([sys.executable, "-c", sys.argv[1], *sys.argv[2:]], stdout=asyncio.subprocess.PIPE)
    await child.stdout.readline()
    print(child.pid, flush=True)
    await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""

NOTES_ITS_END = """
import signal, sys
from pathlib import Path

def end(*_):
    Path(sys.argv[1]).write_text("asked to end")
    sys.exit()

signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while True:
    signal.pause()
"""

DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True:
    signal.pause()
"""


async def started(program: str, *arguments: str) -> asyncio.subprocess.Process:
    child = await start_child([sys.executable, "-c", program, *arguments], stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    assert await child.stdout.readline() == b"ready\n"
    return child


async def test_a_child_gets_sigterm_when_its_parent_is_killed(
    owner: Owner, tmp_path: Path, gone: Callable[[Iterable[int]], Awaitable[None]]
) -> None:
    parent, pid = await owner(PARENT, NOTES_ITS_END, str(tmp_path / "note"))
    parent.kill()
    await gone([int(pid)])
    assert (tmp_path / "note").read_text() == "asked to end"


async def test_stop_sends_sigterm_first(tmp_path: Path) -> None:
    child = await started(NOTES_ITS_END, str(tmp_path / "note"))
    assert await stop_child(child) == 0
    assert (tmp_path / "note").exists()


async def test_stop_sends_sigkill_when_sigterm_is_ignored() -> None:
    assert await stop_child(await started(DEAF), grace_s=0.05) == -signal.SIGKILL


async def test_stop_of_an_ended_child_returns_its_exit_code() -> None:
    child = await start_child([sys.executable, "-c", "raise SystemExit(3)"])
    await child.wait()
    assert await stop_child(child) == 3


async def test_a_missing_program_gives_exit_code_127() -> None:
    child = await start_child(["/no/such/program"], stderr=asyncio.subprocess.PIPE)
    _, said = await child.communicate()
    assert child.returncode == 127
    assert b"/no/such/program: No such file" in said


async def test_ctrl_c_does_not_reach_a_child(tmp_path: Path) -> None:
    child = await started(NOTES_ITS_END, str(tmp_path / "note"))
    assert os.getsid(child.pid) != os.getsid(0)
    await stop_child(child)


async def test_a_child_of_a_parent_that_is_gone_does_not_start() -> None:
    command = [
        sys.executable,
        "-P",
        "-m",
        "prewatt_platform.kernel.parent_death",
        "1",
        "SIGTERM",
        "/bin/echo",
        "started",
    ]
    orphan = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await orphan.communicate()
    assert (orphan.returncode, said) == (1, b"")
