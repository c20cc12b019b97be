"""A prewatt command as a child process: start, wait until ready, stop.

What it writes to standard error goes to a log that needs no name on the disk, so that nothing is left behind whoever
is killed, and the log can still be shown when the program fails.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import IO, Any, Final

from prewatt_harness.errors import HarnessError, ProgramEnded
from prewatt_platform.kernel.child_process import start_child, stop_child

READY_S_MAX: Final = 60.0
LOG_TAIL_LINES: Final = 20
LOG_TAIL_BYTES: Final = 16 * 1024


class Program:
    """A running `prewatt` command that announces itself with JSON lines, the last of them with `ready`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: IO[bytes]) -> None:
        self.name = name
        self.announced: list[dict[str, Any]] = []
        """The objects it printed until it was ready."""
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ended(self) -> ProgramEnded:
        """Wait until the program has ended by itself; the error says how."""
        return ProgramEnded(self.name, await self._process.wait())

    async def wait_until_ready(self) -> None:
        """`ProgramEnded` when it ends before, or takes too long."""
        try:
            async with asyncio.timeout(READY_S_MAX):
                await self._read_announcements()
        except TimeoutError:
            raise ProgramEnded(self.name, None) from None

    async def _read_announcements(self) -> None:
        assert self._process.stdout is not None, "opened as a pipe"
        while line := await self._process.stdout.readline():
            self.announced.append(json.loads(line))
            if self.announced[-1].get("ready"):
                return
        raise await self.ended()

    def log_tail(self) -> str:
        """The end of its standard error."""
        end = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, end - LOG_TAIL_BYTES))
        lines = self._log.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])


@asynccontextmanager
async def running(
    name: str, arguments: Sequence[str], env: Mapping[str, str] | None = None
) -> AsyncIterator[Program]:
    """Run `prewatt ARGUMENTS` for the length of the block, in which it is ready.

    `ProgramEnded` when it does not get ready. An error of ours that leaves the block gets the end of the log as a note.
    """
    command = [sys.executable, "-P", "-m", "prewatt_fixtures", *arguments]
    with tempfile.TemporaryFile() as log:
        process = await start_child(command, stdout=asyncio.subprocess.PIPE, stderr=log, env=env)
        program = Program(name, process, log)
        try:
            await program.wait_until_ready()
            yield program
        except HarnessError as failure:
            if tail := program.log_tail():
                failure.add_note(f"the end of the {name}'s log:\n{tail}")
            raise
        finally:
            await stop_child(process)
