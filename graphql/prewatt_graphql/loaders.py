"""Data loaders of one request. Each collects the keys of one event loop turn into one query in its own unit of work."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from prewatt_graphql.accounts import loaders as accounts
from prewatt_graphql.commands import loaders as commands
from prewatt_graphql.meters import loaders as meters
from prewatt_graphql.readings import loaders as readings
from prewatt_graphql.tariffs.loaders import PlanInForce, plans_in_force
from prewatt_platform.accounts.account_list import OwnedPoint
from prewatt_platform.accounts.meter_list import MeterListRow
from prewatt_platform.accounts.models import Order
from prewatt_platform.control.models import Command
from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.tenancy import Scope, Work
from prewatt_platform.metering.models import Gateway, Reading

Key = TypeVar("Key", UUID, str)
Found = TypeVar("Found")


class Loaders:
    """Data loaders of one request; objects outside the scope's project load as None."""

    def __init__(self, database: Database, scope: Scope, *, cached: bool) -> None:
        self._database = database
        self._scope = scope
        self._cached = cached
        self.meters: DataLoader[UUID, MeterListRow | None] = self._loader(meters.rows)
        self.gateways: DataLoader[str, Gateway | None] = self._loader(meters.gateways)
        self.readings: DataLoader[UUID, Reading | None] = self._loader(readings.latest)
        self.commands: DataLoader[UUID, Command | None] = self._loader(commands.by_id)
        self.open_orders: DataLoader[UUID, Command | None] = self._loader(commands.open_orders)
        self.account_points: DataLoader[UUID, list[OwnedPoint] | None] = self._loader(accounts.points)
        self.plans: DataLoader[UUID, PlanInForce | None] = self._loader(plans_in_force)
        self.orders: DataLoader[UUID, Order | None] = self._loader(accounts.orders)

    def _loader(
        self, fetch: Callable[[Work, Sequence[Key]], Awaitable[Mapping[Key, Found]]]
    ) -> DataLoader[Key, Found | None]:
        async def load(keys: list[Key]) -> list[Found | None]:
            # its own session: an AsyncSession must not be used by resolvers that run concurrently
            async with self._database.project(self._scope) as work:
                found = await fetch(work, keys)
            return [found.get(key) for key in keys]

        return DataLoader(load, cache=self._cached)
