"""Batch loader of sales. A meter's account comes with its row of the meter list."""

from collections.abc import Sequence
from uuid import UUID

from prewatt_platform.accounts.models import Sale
from prewatt_platform.accounts.repository import SaleRepository
from prewatt_platform.kernel.tenancy import Work


async def sales(work: Work, command_ids: Sequence[UUID]) -> dict[UUID, Sale]:
    """The sale of each command, by command id; commands of other kinds are absent."""
    return await SaleRepository(work).by_commands(command_ids)
