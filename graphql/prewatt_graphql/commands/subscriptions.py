"""Subscription to the state changes of a command."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

import strawberry

from prewatt_graphql.commands.types import Command
from prewatt_graphql.context import Info
from prewatt_graphql.errors import BadInput
from prewatt_graphql.events import event_stream
from prewatt_graphql.ids import local_key
from prewatt_platform.control.models import Command as CommandRow


@strawberry.type
class CommandSubscriptions:
    """Root subscriptions on commands."""

    @strawberry.subscription(
        description="The command in its present state, then after each state change; completes when it is final. Polling "
        "`command` gives the same states. Errors: BAD_INPUT when this project has no such command."
    )
    async def command_progress(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Id of the command.")],
    ) -> AsyncGenerator[Command, None]:
        here = info.context.membership
        key = local_key(id, "Command", here.project.code)
        # listen before the first read: a change between read and listening would be missed
        async with info.context.platform.backbone.listening(here.scope.project_id, "command") as queue:
            row = await _load(info, key)
            yield Command.of(row, here.project)
            async with aclosing(event_stream(queue, {row.id})) as events:
                while not row.final:
                    await anext(events)
                    newer = await _load(info, key)
                    # an event may be older than the last read, and a timed look finds no change
                    if newer.version != row.version:
                        yield Command.of(newer, here.project)
                    row = newer


async def _load(info: Info, key: UUID | None) -> CommandRow:
    row = None if key is None else await info.context.loaders.commands.load(key)
    if row is None:
        raise BadInput("no such command in this project", "id")
    return row
