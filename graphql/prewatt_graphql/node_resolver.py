"""Query `node`: fetch an object by its id. An id of another project resolves to null, like one that does not exist."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Final
from uuid import UUID

import strawberry

from prewatt_graphql.accounts.types import Account, Sale, account_of
from prewatt_graphql.commands.types import Command
from prewatt_graphql.context import Info
from prewatt_graphql.ids import Kind, decode
from prewatt_graphql.meters.types import Gateway, Meter, gateway_of
from prewatt_graphql.node import Node
from prewatt_graphql.projects.types import Project
from prewatt_graphql.tariffs.queries import plans_of
from prewatt_graphql.tariffs.types import PricePlan
from prewatt_platform.accounts.repository import AccountRepository
from prewatt_platform.tariffs.repository import TariffRepository

ById = Callable[[Info, UUID], Awaitable[Node | None]]


async def _meter(info: Info, key: UUID) -> Meter | None:
    row = await info.context.loaders.meters.load(key)
    return None if row is None else Meter.of(row, info.context.membership.project)


async def _command(info: Info, key: UUID) -> Command | None:
    row = await info.context.loaders.commands.load(key)
    return None if row is None else Command.of(row, info.context.membership.project)


async def _sale(info: Info, key: UUID) -> Sale | None:
    row = await info.context.loaders.orders.load(key)
    return None if row is None else Sale.of(row, info.context.membership.project)


async def _account(info: Info, key: UUID) -> Account | None:
    async with info.context.work() as work:
        held = await AccountRepository(work).by_id(key)
    return None if held is None else account_of(held.account, held.customer, info.context.membership.project)


async def _price_plan(info: Info, key: UUID) -> PricePlan | None:
    async with info.context.work() as work:
        row = await TariffRepository(work).plan(key)
        if row is None:
            return None
        (found,) = await plans_of(work, info.context.membership.project, [row])
    return found


async def _gateway(info: Info, number: str) -> Gateway | None:
    row = await info.context.loaders.gateways.load(number)
    return None if row is None else gateway_of(row, info.context.membership.project)


_BY_ID: Final[Mapping[Kind, ById]] = {
    "Meter": _meter,
    "Command": _command,
    "Sale": _sale,
    "Account": _account,
    "PricePlan": _price_plan,
}


@strawberry.type
class NodeQueries:
    """Root query `node`."""

    @strawberry.field(description="The object with that id in this project; null when there is none.")
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="An `id` returned by this API.")],
    ) -> Node | None:
        here = info.context.membership
        wanted = decode(id)
        if wanted is None or wanted.project != here.project.code:
            return None
        if wanted.kind == "Project":
            return Project.of(here.project, here.role)
        if wanted.kind == "Gateway":
            return await _gateway(info, wanted.key)
        fetch, key = _BY_ID.get(wanted.kind), wanted.uuid
        return None if fetch is None or key is None else await fetch(info, key)
