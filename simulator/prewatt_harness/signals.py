"""Orderly end of the demo on Ctrl-C, SIGTERM and the parent's death."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

Result = TypeVar("Result")

_LOOK_AGAIN_S: Final = 0.2


class Interrupted(Exception):
    """The work was ended from outside; `number` is the signal, SIGTERM for a parent that has gone."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


async def interruptible(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of `work`, which is cancelled, once, when it is time to end; then `Interrupted`.

    Must run in the main thread. Further signals change nothing: tidying up is not interrupted.
    """
    task = asyncio.ensure_future(work)
    interruption = _Interruption(task)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interruption.interrupt, number)
    watch = asyncio.create_task(interruption.watch_parent(os.getppid()))
    try:
        return await task
    except asyncio.CancelledError:
        if interruption.number is None:
            raise
        raise Interrupted(interruption.number) from None
    finally:
        watch.cancel()


class _Interruption:
    def __init__(self, work: asyncio.Task[Any]) -> None:
        self._work = work
        self.number: int | None = None

    def interrupt(self, number: int) -> None:
        if self.number is None:
            self.number = number
            self._work.cancel()

    async def watch_parent(self, pid: int) -> None:
        """Poll the parent's id: Linux signals only the death of the starting thread."""
        while os.getppid() == pid:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(_LOOK_AGAIN_S)
        self.interrupt(signal.SIGTERM)
