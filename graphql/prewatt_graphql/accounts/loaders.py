"""Batch loaders of money orders and of accounts' points. A meter's account comes with its row of the meter list."""

from collections.abc import Sequence
from uuid import UUID

from prewatt_platform.accounts.account_list import AccountListRepository, OwnedPoint
from prewatt_platform.accounts.models import Order
from prewatt_platform.accounts.repository import OrderRepository
from prewatt_platform.kernel.tenancy import Work


async def orders(work: Work, command_ids: Sequence[UUID]) -> dict[UUID, Order]:
    """The order of each command, by command id; commands of other kinds are absent."""
    return await OrderRepository(work).by_commands(command_ids)


async def points(work: Work, account_ids: Sequence[UUID]) -> dict[UUID, list[OwnedPoint]]:
    """Points of each account; accounts that this project does not have are absent."""
    return await AccountListRepository(work).points(account_ids)
