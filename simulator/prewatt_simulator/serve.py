"""Serves a farm or a replay until a stop signal; saves a farm's state to a file between runs.

Owns start, announcement and end of one run. `cli` prints.
"""

import asyncio
import contextlib
import json
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

from prewatt_fixtures import strict_json
from prewatt_fixtures.endpoints import Endpoint, Framing
from prewatt_simulator.errors import StateError
from prewatt_simulator.farm import Farm
from prewatt_simulator.journal.file import WRITE_EVERY_S, JournalFile
from prewatt_simulator.line.listener import BusServer

Control = Callable[[tuple[Endpoint, ...]], AbstractAsyncContextManager[str]]
"""Serves the control API of a farm with these endpoints; yields its URL."""


async def serve(
    server: BusServer,
    *,
    host: str,
    base_port: int,
    framing: Framing,
    announce: Callable[[tuple[Endpoint, ...], str | None], None],
    file: JournalFile | None = None,
    control: Control | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; call `announce` with endpoints and control URL once everything listens.

    `file` is written every `WRITE_EVERY_S`; raises OSError when that fails. `control` serves the control API.
    """
    stop = stop_requested()
    async with AsyncExitStack() as stack:
        listening = server.serving(host=host, base_port=base_port, framing=framing)
        endpoints = await stack.enter_async_context(listening)
        announce(endpoints, None if control is None else await stack.enter_async_context(control(endpoints)))
        while not stop.is_set():
            if file is not None:
                file.write()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if file is None else WRITE_EVERY_S):
                    await stop.wait()


def stop_requested() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set from now on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop.set)
    return stop


def load_state(farm: Farm, path: Path) -> None:
    """Restore the farm from a file; a missing file is ignored. Raises `StateError`, which names the file."""
    if not path.exists():
        return
    try:
        farm.restore(strict_json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, StateError) as wrong:
        raise StateError(f"{path}: {wrong}") from wrong


def check_state_file(path: Path) -> None:
    """Raise `StateError` when the state could not be saved there at the end of a run."""
    part = _part_of(path)
    try:
        part.touch()
        part.unlink()
    except OSError as wrong:
        raise StateError(f"{path}: the state could not be saved there: {wrong.strerror}") from wrong


def _part_of(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def save_state(farm: Farm, path: Path) -> None:
    """Save the farm's state to a file, whole or not at all."""
    # written beside the file and renamed over it: a run that is killed here leaves the old state
    part = _part_of(path)
    part.write_text(json.dumps(farm.state()), "utf-8")
    part.replace(path)
