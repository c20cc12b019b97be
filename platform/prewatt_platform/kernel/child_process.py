"""Child processes that end with this process: started in a session of their own, stopped by SIGTERM, then SIGKILL.

The kernel sends a child SIGTERM when this process ends, even by SIGKILL (Linux). Ctrl-C in the terminal reaches this
process only, because a child has its own session; this process then stops its children in its own order.
"""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from typing import IO


async def start_child(
    command: Sequence[str],
    *,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
) -> Process:
    """Start `command` as a child that ends with this process. A program that does not exist ends with exit code 127.

    Standard input is empty; `stdout` and `stderr` as for `subprocess`; `env` replaces the environment. Call it from a
    thread that lives as long as the child should: the parent-death signal follows the thread (prctl(2)).
    """
    launcher = (
        sys.executable,
        "-P",
        "-m",
        "prewatt_platform.kernel.parent_death",
        str(os.getpid()),
        "SIGTERM",
    )
    return await asyncio.create_subprocess_exec(
        *launcher,
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        env=env,
        start_new_session=True,
    )


async def stop_child(child: Process, grace_s: float = 10.0) -> int:
    """Send SIGTERM, then SIGKILL after `grace_s`. Returns the exit code, also of a child that had already ended."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        try:
            async with asyncio.timeout(grace_s):
                return await child.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
    return await child.wait()
