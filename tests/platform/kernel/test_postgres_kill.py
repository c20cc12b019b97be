"""When owner, supervisor or server is killed, the others end, the scratch folder is removed and the data folder restarts."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from prewatt_platform.kernel.errors import FolderInUse
from prewatt_platform.kernel.postgres import EmbeddedPostgres

pytestmark = pytest.mark.anyio

Ask = Callable[[str, str], Awaitable[object]]
Descendants = Callable[[int], set[int]]
Gone = Callable[[Iterable[int]], Awaitable[None]]
Until = Callable[[Callable[[], bool]], Awaitable[None]]
Owner = Callable[..., Awaitable[tuple[asyncio.subprocess.Process, str]]]

QUICK = {"fsync": "off"}
"""Processes are killed here, not the machine: what was committed is in its memory."""

OWNER = """
import sys
from pathlib import Path
from prewatt_platform.kernel.postgres import EmbeddedPostgres

with EmbeddedPostgres(Path(sys.argv[1]) if sys.argv[1] else None, settings={"fsync": "off"}) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


def scratch_of(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0]).parent


def is_supervisor(pid: int) -> bool:
    return b"postgres_supervisor" in Path(f"/proc/{pid}/cmdline").read_bytes()


async def test_a_killed_owner_leaves_no_server_and_no_scratch(
    owner: Owner,
    descendants: Descendants,
    gone: Gone,
    until: Until,
) -> None:
    process, url = await owner(OWNER, "")
    family = descendants(process.pid)
    assert len(family) > 2
    process.kill()
    await process.wait()
    await gone(family)
    await until(lambda: not scratch_of(url).exists())


async def test_the_folder_of_a_killed_owner_starts_again_at_once(
    ask: Ask, owner: Owner, tmp_path: Path
) -> None:
    process, url = await owner(OWNER, str(tmp_path))
    await ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
    process.kill()
    await process.wait()
    # the old server may still be shutting down: it is waited for
    async with EmbeddedPostgres(tmp_path, settings=QUICK) as again:
        assert await ask(again, "SELECT n FROM kept") == 7


async def test_a_folder_whose_every_process_was_killed_recovers(
    ask: Ask, owner: Owner, tmp_path: Path, descendants: Descendants, gone: Gone
) -> None:
    process, url = await owner(OWNER, str(tmp_path))
    await ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
    family = descendants(process.pid)
    for number in (signal.SIGSTOP, signal.SIGKILL):  # stopped first, so that none can tidy up after another
        for pid in (process.pid, *family):
            with contextlib.suppress(ProcessLookupError):  # a server's worker may have ended by itself
                os.kill(pid, number)
    await gone(family)
    assert (tmp_path / "cluster" / "postmaster.pid").exists()
    async with EmbeddedPostgres(tmp_path, settings=QUICK) as again:
        assert await ask(again, "SELECT n FROM kept") == 7
    shutil.rmtree(scratch_of(url))  # nobody was left who could


@pytest.mark.parametrize("left", ["{sleeper}\n/old\n", ""], ids=["another process", "empty"])
async def test_a_stale_pid_file_does_not_prevent_the_start(ask: Ask, tmp_path: Path, left: str) -> None:
    async with EmbeddedPostgres(tmp_path, settings=QUICK):
        pass
    account = "nobody" if os.geteuid() == 0 else None
    sleeper = await asyncio.create_subprocess_exec("sleep", "120", user=account)
    (tmp_path / "cluster" / "postmaster.pid").write_text(left.format(sleeper=sleeper.pid))
    try:
        async with EmbeddedPostgres(tmp_path, settings=QUICK) as url:
            assert await ask(url, "SELECT 1") == 1
    finally:
        sleeper.kill()
        await sleeper.wait()


async def test_the_server_ends_with_a_killed_supervisor(descendants: Descendants, gone: Gone) -> None:
    before = descendants(os.getpid())
    server = EmbeddedPostgres(settings=QUICK)
    scratch = scratch_of(await server.start())
    family = descendants(os.getpid()) - before
    os.kill(next(pid for pid in family if is_supervisor(pid)), signal.SIGKILL)
    await gone(family)
    await server.stop()
    assert not scratch.exists()


async def test_the_owner_in_another_process_is_named(owner: Owner, tmp_path: Path) -> None:
    process, _ = await owner(OWNER, str(tmp_path))
    with pytest.raises(FolderInUse) as refused:
        await EmbeddedPostgres(tmp_path).start()
    assert refused.value.pid == process.pid


async def test_ctrl_c_reaches_the_owner_and_not_the_server(ask: Ask, owner: Owner) -> None:
    busy = "import signal; signal.signal(signal.SIGINT, lambda *_: print('still busy', flush=True))\n" + OWNER
    process, url = await owner(busy, "")
    assert process.stdout is not None
    os.killpg(process.pid, signal.SIGINT)
    assert await process.stdout.readline() == b"still busy\n"
    assert await ask(url, "SELECT 1") == 1


@pytest.mark.usefixtures("as_root")
async def test_an_ordinary_account_runs_the_server_itself(ask: Ask, owner: Owner) -> None:
    _, url = await owner(OWNER, "", account="daemon")
    assert await ask(url, "SELECT 1") == 1
    assert scratch_of(url).owner() == "daemon"
