"""One command: the polling equivalent of `commandProgress`."""

from typing import Annotated

import strawberry

from prewatt_graphql.commands.types import Command
from prewatt_graphql.context import Info
from prewatt_graphql.ids import local_key


@strawberry.type
class CommandQueries:
    """Root queries on commands."""

    @strawberry.field(description="The command of that id; null when this project has none.")
    async def command(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The command's id.")],  # noqa: A002 - the API's own word
    ) -> Command | None:
        project = info.context.here.project
        key = local_key(id, "Command", project.code)
        row = None if key is None else await info.context.loaders.commands.load(key)
        return None if row is None else Command.of(row, project)
