"""Commands in batches."""

from collections.abc import Sequence
from uuid import UUID

from prewatt_platform.control.models import Command
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.kernel.tenancy import Work


async def by_id(work: Work, command_ids: Sequence[UUID]) -> dict[UUID, Command]:
    """The command of each id that exists in this project."""
    return {command.id: command for command in await CommandRepository(work).by_ids(command_ids)}


async def open_orders(work: Work, meter_ids: Sequence[UUID]) -> dict[UUID, Command]:
    """The open money order of each meter that has one."""
    return await CommandRepository(work).open_money_orders(meter_ids)
