"""Batch loaders of meters and gateways."""

from collections.abc import Sequence
from uuid import UUID

from prewatt_platform.accounts.meter_list import MeterListRepository, MeterListRow
from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.metering.models import Gateway
from prewatt_platform.metering.repository import GatewayRepository


async def rows(work: Work, meter_ids: Sequence[UUID]) -> dict[UUID, MeterListRow]:
    """Rows of the meter list by meter id; meters that this project does not have are absent."""
    return await MeterListRepository(work).by_ids(meter_ids)


async def gateways(work: Work, numbers: Sequence[str]) -> dict[str, Gateway]:
    """Gateways by number; numbers that this project does not have are absent."""
    return {gateway.number: gateway for gateway in await GatewayRepository(work).by_numbers(numbers)}
