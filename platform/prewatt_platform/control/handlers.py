"""Handlers of refresh and control-mode commands.

A control mode is absolute and verified by reading: read first, write only what is not so yet, read back. Nothing is
written by a command that a newer wish has overtaken.
"""

from prewatt_platform.control import rules
from prewatt_platform.control.models import CommandState
from prewatt_platform.control.task import Task
from prewatt_platform.field.driver import Lane
from prewatt_platform.field.errors import FieldError, MeterRefused
from prewatt_platform.field.messages import MeterReading
from prewatt_platform.metering.errors import GatewayUnreachable
from prewatt_platform.metering.models import ControlMode
from prewatt_platform.metering.repository import MeterRepository


async def refresh(task: Task) -> None:
    """Read the meter once, ahead of all polls. A read that fails is a failed command: nobody waits for it later."""
    try:
        async with task.lane() as lane:
            reading = await lane.read()
    except (FieldError, GatewayUnreachable) as failure:
        await task.move(CommandState.FAILED, str(failure), attempted=True)
        return
    await task.store(reading)
    await task.move(CommandState.SUCCEEDED, attempted=True)


async def set_control_mode(task: Task) -> None:
    """Bring the meter's forced control to the wanted mode and see the relay follow."""
    if await _overtaken(task):
        await task.move(CommandState.SUPERSEDED, "a newer control mode was asked for")
        return
    mode = ControlMode(task.command.payload["mode"])
    try:
        async with task.lane() as lane:
            reading = await lane.read()
            if not _shows(mode, reading):
                # the newest wish counts at the moment of sending, not at the moment of queueing
                if await _overtaken(task):
                    await task.move(CommandState.SUPERSEDED, "a newer control mode was asked for")
                    return
                await task.move(
                    CommandState.SENT, payload={**task.command.payload, "writes": _writes(task) + 1}
                )
                reading = await _write_and_read(lane, mode)
    except (FieldError, GatewayUnreachable) as failure:
        if isinstance(failure, MeterRefused) and failure.permanent:
            await task.move(CommandState.FAILED, str(failure))
        else:
            await task.retry(CommandState.UNKNOWN, failure)
        return
    await task.store(reading)
    await _judge(task, mode, reading)


def _shows(mode: ControlMode, reading: MeterReading) -> bool:
    read = reading.prepaid
    return read is not None and rules.mode_is_set(mode, read) and rules.relay_follows(mode, read)


async def _write_and_read(lane: Lane, mode: ControlMode) -> MeterReading:
    await lane.force(rules.FORCED_CONTROL[mode])
    return await lane.read()


async def _judge(task: Task, mode: ControlMode, reading: MeterReading) -> None:
    read = reading.prepaid
    assert read is not None, "only prepaid meters get control modes"
    if _shows(mode, reading):
        await task.move(CommandState.SUCCEEDED, attempted=True)
        return
    relay = "closed" if read.relay_closed else "open"
    seen = (
        f"forced control reads {rules.observed_mode(read.forced_mode, read.forced_closed)}, the relay {relay}"
    )
    if _writes(task) >= rules.RELAY_WRITES_MAX:
        await task.move(CommandState.FAILED, f"{seen}: somebody has to look at the meter", attempted=True)
    else:
        await task.ask_again(CommandState.SENT, seen)


def _writes(task: Task) -> int:
    """How often this command was written to the meter; kept with it, so that a crash forgets none."""
    return int(task.command.payload.get("writes", 0))


async def _overtaken(task: Task) -> bool:
    async with task.database.project(task.scope) as work:
        point = await MeterRepository(work).point(task.meter.point_id)
        return point.control_version != int(task.command.payload["version"])
