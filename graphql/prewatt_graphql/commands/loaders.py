"""Batch loaders of commands."""

from collections.abc import Sequence
from uuid import UUID

from prewatt_platform.control.models import Command
from prewatt_platform.control.repository import CommandRepository
from prewatt_platform.kernel.tenancy import Work


async def by_id(work: Work, command_ids: Sequence[UUID]) -> dict[UUID, Command]:
    """Commands by id; ids that this project does not have are absent."""
    return {command.id: command for command in await CommandRepository(work).by_ids(command_ids)}


async def open_orders(work: Work, meter_ids: Sequence[UUID]) -> dict[UUID, Command]:
    """Open money orders by meter id; meters without one are absent."""
    return await CommandRepository(work).open_money_orders(meter_ids)
