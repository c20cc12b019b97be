"""Batch loader of money orders. A meter's account comes with its row of the meter list."""

from collections.abc import Sequence
from uuid import UUID

from prewatt_platform.accounts.models import Order
from prewatt_platform.accounts.repository import OrderRepository
from prewatt_platform.kernel.tenancy import Work


async def orders(work: Work, command_ids: Sequence[UUID]) -> dict[UUID, Order]:
    """The order of each command, by command id; commands of other kinds are absent."""
    return await OrderRepository(work).by_commands(command_ids)
