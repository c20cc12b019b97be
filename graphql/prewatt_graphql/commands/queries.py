"""Query of one command, for clients that poll instead of subscribing to `commandProgress`."""

from typing import Annotated

import strawberry

from prewatt_graphql.commands.types import Command
from prewatt_graphql.context import Info
from prewatt_graphql.ids import local_key


@strawberry.type
class CommandQueries:
    """Root queries on commands."""

    @strawberry.field(description="One command; null when this project has none of that id.")
    async def command(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Id of the command.")],
    ) -> Command | None:
        project = info.context.membership.project
        key = local_key(id, "Command", project.code)
        row = None if key is None else await info.context.loaders.commands.load(key)
        return None if row is None else Command.of(row, project)
