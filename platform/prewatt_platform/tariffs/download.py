"""Writes the prices of the plan in force to a meter, and reads them back.

A download is absolute and may be repeated: read first, write only what is not so yet, read back. It leaves credit, count
and total alone, because fields of the money-control frame that are not enabled keep their values.
"""

from uuid import UUID

from prewatt_fixtures.profile import profile
from prewatt_fixtures.wire.vendor import MoneyControl, VendorResult
from prewatt_platform.control.errors import NotPrepaid
from prewatt_platform.control.idempotency import once
from prewatt_platform.control.models import Command, CommandKind, CommandState
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.control.rules import Obstacle
from prewatt_platform.control.service import new_command
from prewatt_platform.control.task import AlsoTrue, Task
from prewatt_platform.field.driver import Lane
from prewatt_platform.field.errors import FieldError, MeterRefused
from prewatt_platform.field.messages import MeterReading
from prewatt_platform.kernel import audit
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.metering.errors import GatewayUnreachable
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.metering.service import MeteringService
from prewatt_platform.tariffs.errors import NotDownloadable
from prewatt_platform.tariffs.service import in_force
from prewatt_platform.tariffs.terms import Medium

_NEWER = "newer prices are to be downloaded"


async def download_prices(work: Work, key: UUID, meter_number: str) -> tuple[Command, bool]:
    """Ask for the prices of the plan in force to be written to a meter; (command, replayed).

    An older download that was not sent is superseded. `UnknownMeter`, `NotPrepaid`, `NotDownloadable`,
    `GatewayUnreachable`, `IdempotencyMismatch`.
    """

    async def make() -> Command:
        metering, commands = MeteringService(work), CommandRepository(work)
        meter = await metering.meter(meter_number, for_update=True)
        if not profile(meter.model).prepaid:
            raise NotPrepaid(meter.number, meter.model)
        await metering.address(meter)
        point = await MeterRepository(work).point(meter.point_id)
        version = (await in_force(work, [point], Medium.ELECTRICITY, work.clock.now())).get(point.id)
        if version is None:
            raise NotDownloadable(meter.number, "no price plan is in force there")
        terms = version.checked
        if terms.limits:
            raise NotDownloadable(meter.number, "its registers hold a price for each rate, not steps")
        for older in await commands.open_of_kind(meter.id, CommandKind.PRICES_SET):
            if older.state == CommandState.REQUESTED:
                await commands.move(older, CommandState.SUPERSEDED, due_at=None, detail=_NEWER)
        payload = {"prices_e4": list(terms.meter_prices_e4), "plan_version": str(version.id)}
        command = await commands.add_command(
            new_command(work, meter, CommandKind.PRICES_SET, CommandState.REQUESTED, payload)
        )
        audit.record(
            work, "prices to be downloaded", f"meter {meter.number}", command=str(command.id), **payload
        )
        return command

    return await once(work, "pricePlanDownload", key, {"meter": meter_number}, make)


async def set_prices(task: Task) -> None:
    """Bring the meter's prices to those of the command."""
    if await _overtaken(task):
        await task.move(CommandState.SUPERSEDED, _NEWER)
        return
    try:
        async with task.lane() as lane:
            await _write(task, lane)
    except (FieldError, GatewayUnreachable) as failure:
        if isinstance(failure, MeterRefused) and failure.permanent:
            await task.move(CommandState.FAILED, str(failure), attempted=True)
        else:
            await task.retry(task.command.state, failure)


async def _write(task: Task, lane: Lane) -> None:
    sharp, peak, flat, valley = task.command.payload["prices_e4"]
    wanted = (sharp, peak, flat, valley)
    reading = await lane.read()
    if not _shows(reading, wanted):
        await task.move(CommandState.SENT)
        reply = await lane.money_control(MoneyControl(prices_e4=wanted))
        if reply.result is not VendorResult.DONE:
            reason = reply.result.name.lower().replace("_", " ")
            await task.move(CommandState.FAILED, f"the meter refused it: {reason}", attempted=True)
            return
        reading = await lane.read()
    await task.store(reading)
    if _shows(reading, wanted):
        await task.move(CommandState.SUCCEEDED, attempted=True, also=_kept(task, wanted))
    else:
        await task.ask_again(CommandState.SENT, "the meter does not show it yet", Obstacle.LOSS)


def _shows(reading: MeterReading, wanted: tuple[int, int, int, int]) -> bool:
    assert reading.prepaid is not None, "only prepaid meters get prices"
    return reading.prepaid.prices_e4 == wanted


def _kept(task: Task, prices_e4: tuple[int, int, int, int]) -> AlsoTrue:
    async def keep(work: Work) -> None:
        point = await MeterRepository(work).point(task.meter.point_id, for_update=True)
        point.prices_e4 = list(prices_e4)

    return keep


async def _overtaken(task: Task) -> bool:
    async with task.database.project(task.scope) as work:
        others = await CommandRepository(work).open_of_kind(task.meter.id, CommandKind.PRICES_SET)
    return any(other.created_at > task.command.created_at for other in others)
