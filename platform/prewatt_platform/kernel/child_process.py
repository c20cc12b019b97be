"""Child processes that never outlive us: started in a session of their own, stopped with escalation.

A child is sent SIGTERM when this process ends, however it ends. Ctrl-C in the terminal reaches this process only,
which then stops its children in the order it wants.
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
    """Start `command` tied to this process; a program that does not exist ends with exit code 127.

    Standard input is empty; `stdout` and `stderr` as for `subprocess`, `env` replaces the environment. The event loop
    must run in a thread that lives as long as the child should: the tie is to the thread.
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
    """Ask with SIGTERM, insist with SIGKILL after `grace_s`; returns the exit code, also of one that had ended."""
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
