"""Opens an account on a meter: one money-control frame, then a read-back; until then the account is OPENING.

The frame is absolute (credit, count and total to zero, base to the energy of now), so it is never repeated blindly:
each attempt reads first and writes only when the meter is not yet as planned. A meter whose money control is on
already is refused, because the frame would wipe somebody's credit; one that is found opened in another way than
planned is a matter for a person.
"""

from typing import Any
from uuid import UUID

from prewatt_fixtures.wire.vendor import MoneyControl, VendorResult
from prewatt_platform.accounts.models import AccountState
from prewatt_platform.accounts.repository import AccountRepository
from prewatt_platform.control.models import CommandState
from prewatt_platform.control.rules import Obstacle
from prewatt_platform.control.task import Task
from prewatt_platform.field.driver import Lane
from prewatt_platform.field.errors import FieldError, MeterRefused
from prewatt_platform.field.messages import MeterReading
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.metering.errors import GatewayUnreachable
from prewatt_platform.metering.models import MeterEpoch
from prewatt_platform.metering.repository import MeterRepository


async def open_account(task: Task) -> None:
    """Bring one opening to SUCCEEDED or FAILED, or leave it with a time to come back."""
    try:
        async with task.lane() as lane:
            await _open(task, lane)
    except (FieldError, GatewayUnreachable) as failure:
        if isinstance(failure, MeterRefused) and failure.permanent:
            await _fail(task, str(failure))
        else:
            waiting = CommandState.UNKNOWN if "terms" in task.command.payload else CommandState.REQUESTED
            await task.retry(waiting, failure)


async def _open(task: Task, lane: Lane) -> None:
    reading = await lane.read()
    if "terms" not in task.command.payload:
        if _money_control_on(reading):
            await _fail(task, "money control is on already; opening would wipe the credit in the meter")
            return
        await _commit_terms(task, reading)
    terms = task.command.payload["terms"]
    if not _money_control_on(reading):
        if not await _send(task, terms, lane):
            return
        reading = await lane.read()
    await task.store(reading)
    if not _money_control_on(reading):
        await task.ask_again(CommandState.SENT, "the meter does not show it yet", Obstacle.LOSS)
    elif _shows(terms, reading):
        await _succeed(task)
    else:
        await _dispute(task, "money control is on, but not as it was sent: somebody else opened the meter")


async def _commit_terms(task: Task, reading: MeterReading) -> None:
    """Fix what will be written, before it leaves."""
    async with task.database.project(task.scope) as work:
        point = await MeterRepository(work).point(task.meter.point_id)
        terms = {
            "base_centikwh": reading.energy_centikwh // reading.multiplier,
            "alarms_fen": [point.alarm_1_fen, point.alarm_2_fen],
            "prices_e4": point.prices_e4,
            "overdraft_fen": point.overdraft_fen,
        }
        await task.move_in(work, CommandState.PLANNED, payload={**task.command.payload, "terms": terms})


def _money_control_on(reading: MeterReading) -> bool:
    assert reading.prepaid is not None, "only prepaid meters are opened"
    return reading.prepaid.money_control


def _shows(terms: dict[str, Any], reading: MeterReading) -> bool:
    read = reading.prepaid
    return (
        read is not None
        and (read.purchase_count, read.total_purchased_fen) == (0, 0)
        and read.base_centikwh == terms["base_centikwh"]
        and list(read.alarms_fen) == terms["alarms_fen"]
        and list(read.prices_e4) == terms["prices_e4"]
        and read.overdraft_fen == terms["overdraft_fen"]
    )


async def _send(task: Task, terms: dict[str, Any], lane: Lane) -> bool:
    """Send the frame once; False when the meter refused it and the opening has failed."""
    alarm_1, alarm_2 = terms["alarms_fen"]
    sharp, peak, flat, valley = terms["prices_e4"]
    reply = await lane.money_control(
        MoneyControl(
            on=True,
            remaining_fen=0,
            purchase_count=0,
            total_purchased_fen=0,
            base_centikwh=terms["base_centikwh"],
            alarms_fen=(alarm_1, alarm_2),
            prices_e4=(sharp, peak, flat, valley),
            overdraft_fen=terms["overdraft_fen"],
        )
    )
    if reply.result is not VendorResult.DONE:
        await _fail(task, f"the meter refused it: {reply.result.name.lower().replace('_', ' ')}")
        return False
    await task.move(CommandState.ECHOED)
    return True


async def _succeed(task: Task) -> None:
    async def opened(work: Work) -> None:
        accounts = AccountRepository(work)
        held = await accounts.by_id(UUID(task.command.payload["account"]))
        meter = await MeterRepository(work).by_id(task.meter.id, for_update=True)
        assert held is not None
        assert meter is not None
        held.account.state = AccountState.OPEN
        held.account.opened_at = work.clock.now()
        meter.epoch += 1
        await accounts.add(
            MeterEpoch(
                project_id=work.project_id,
                meter_id=meter.id,
                epoch=meter.epoch,
                started_at=work.clock.now(),
                reason="account opened",
                opening_count=0,
                opening_total_fen=0,
            )
        )

    await task.move(CommandState.SUCCEEDED, attempted=True, also=opened)


async def _dispute(task: Task, reason: str) -> None:
    async def hold(work: Work) -> None:
        await MeterRepository(work).hold(task.meter.id, f"disputed opening: {reason}")

    await task.move(CommandState.DISPUTED, reason, attempted=True, also=hold)


async def _fail(task: Task, reason: str) -> None:
    async def given_up(work: Work) -> None:
        accounts = AccountRepository(work)
        account_id = UUID(task.command.payload["account"])
        held = await accounts.by_id(account_id)
        assert held is not None
        held.account.state = AccountState.CLOSED
        for owned in await accounts.ownership(account_id):
            owned.until_at = work.clock.now()

    await task.move(CommandState.FAILED, reason, attempted=True, also=given_up)
