"""A command to one meter, and how far it got."""

from datetime import datetime
from typing import Self

import strawberry

from prewatt_graphql.accounts.types import Sale
from prewatt_graphql.commands.enums import CommandKind, CommandState
from prewatt_graphql.context import Info
from prewatt_graphql.ids import global_id
from prewatt_graphql.meters.types import Meter
from prewatt_graphql.node import Node
from prewatt_platform.control.models import Command as CommandRow
from prewatt_platform.projects.models import Project


@strawberry.type(description="Something asked of one meter.")
class Command(Node):
    """A row of commands."""

    row: strawberry.Private[CommandRow]
    project: strawberry.Private[Project]
    kind: CommandKind = strawberry.field(description="What is asked.")
    state: CommandState = strawberry.field(description="How far it got.")
    final: bool = strawberry.field(description="Whether it moves no further by itself.")
    detail: str | None = strawberry.field(description="Why it failed, waits or is disputed, in words.")
    attempts: int = strawberry.field(description="How often the meter was tried.")
    requested_by: str = strawberry.field(description="Who asked for it.")
    created_at: datetime = strawberry.field(description="When it was asked for.")
    updated_at: datetime = strawberry.field(description="When it moved last.")
    next_attempt_at: datetime | None = strawberry.field(description="When it goes on; null: it is final.")

    @strawberry.field(description="The meter it is for.")
    async def meter(self, info: Info) -> Meter | None:
        row = await info.context.loaders.meters.load(self.row.meter_id)
        return None if row is None else Meter.of(row, self.project)

    @strawberry.field(description="The sale it delivers; null for other kinds.")
    async def sale(self, info: Info) -> Sale | None:
        if self.kind is not CommandKind.SALE:
            return None
        row = await info.context.loaders.sales.load(self.row.id)
        return None if row is None else Sale.of(row, self.project)

    @classmethod
    def of(cls, row: CommandRow, project: Project) -> Self:
        """A command as the API shows it."""
        return cls(
            row=row,
            project=project,
            id=global_id("Command", project.code, row.id),
            kind=CommandKind(row.kind),
            state=CommandState(row.state),
            final=row.final,
            detail=row.detail,
            attempts=row.attempts,
            requested_by=row.actor_name,
            created_at=row.created_at,
            updated_at=row.updated_at,
            next_attempt_at=row.due_at,
        )
