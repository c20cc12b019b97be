"""Runs a farm or a replay until a stop signal; keeps a farm's registers in a file between runs.

Owns start, announcement and end of one run; what is printed where is the command line's business.
"""

import asyncio
import contextlib
import json
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

from prewatt_fixtures.endpoints import Endpoint, Framing
from prewatt_simulator.errors import StateError
from prewatt_simulator.farm import Farm
from prewatt_simulator.journal.file import WRITE_EVERY_S, JournalFile
from prewatt_simulator.line.listener import BusServer

Control = Callable[[tuple[Endpoint, ...]], AbstractAsyncContextManager[str]]


async def serve(
    wiring: BusServer,
    *,
    host: str,
    base_port: int,
    framing: Framing,
    announce: Callable[[tuple[Endpoint, ...], str | None], None],
    file: JournalFile | None = None,
    control: Control | None = None,
) -> None:
    """Listen until SIGINT or SIGTERM; `announce` is called once everything is listening.

    `file` is the journal's, written to now and then; OSError when it can no longer be. `control` opens another door
    beside the listeners, which it is told, and yields its URL for the announcement.
    """
    stop = stop_requested()
    async with AsyncExitStack() as stack:
        listening = wiring.serving(host=host, base_port=base_port, framing=framing)
        endpoints = await stack.enter_async_context(listening)
        announce(endpoints, None if control is None else await stack.enter_async_context(control(endpoints)))
        while not stop.is_set():
            if file is not None:
                file.write()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if file is None else WRITE_EVERY_S):
                    await stop.wait()


def stop_requested() -> asyncio.Event:
    """Is set by SIGINT and SIGTERM from now on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop.set)
    return stop


def load_state(farm: Farm, path: Path) -> None:
    """Restore the farm's registers from the file; a missing file is ignored. `StateError` names the file."""
    if not path.exists():
        return
    try:
        farm.restore(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, AttributeError, StateError) as wrong:
        raise StateError(f"{path}: {wrong}") from wrong


def save_state(farm: Farm, path: Path) -> None:
    """Put the farm's registers into the file, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(farm.state()), "utf-8")
    part.replace(path)
