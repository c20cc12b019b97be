"""Subscriptions of the screens that are open.

A broken subscription is opened again after growing pauses; a command is also asked for, because an event may have gone
by before the subscription stood. Both only report; what becomes of a report is left to the screens.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress

from prewatt_fixtures.clock import Clock
from prewatt_tui.client import ProjectApi
from prewatt_tui.errors import NotThePlatform, Refused, SignedOut, TerminalError, Unreachable
from prewatt_tui.models.command import Command
from prewatt_tui.models.reading import Reading

ASK_EVERY_S = 3.0
PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0)


async def follow_readings(
    api: ProjectApi, numbers: Sequence[str], clock: Clock, tell: Callable[[str, Reading], None]
) -> None:
    """Tell each reading of these meters until cancelled or signed out."""
    failures = 0
    while True:
        try:
            async with aclosing(api.readings(numbers)) as readings:
                async for number, reading in readings:
                    failures = 0
                    tell(number, reading)
        except SignedOut:
            raise
        except (Unreachable, NotThePlatform, Refused):
            pass
        await clock.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
        failures += 1


async def follow_command(
    api: ProjectApi, command_id: str, clock: Clock, tell: Callable[[Command], None]
) -> None:
    """Tell each state of the command that is seen, up to and including its last one."""
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def seen(command: Command) -> None:
        if not over.done():
            tell(command)
            if command.final:
                over.set_result(None)

    async def ask() -> None:
        while True:
            try:
                seen(await api.command(command_id))
            except Unreachable:
                pass
            except TerminalError as error:
                if not over.done():
                    over.set_exception(error)
            await clock.sleep(ASK_EVERY_S)

    async def listen() -> None:
        with suppress(TerminalError):
            async with aclosing(api.command_progress(command_id)) as commands:
                async for command in commands:
                    seen(command)

    watchers = [asyncio.create_task(listen()), asyncio.create_task(ask())]
    try:
        await over
    finally:
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
