"""Type of commands to meters."""

from datetime import datetime
from typing import Self

import strawberry

from prewatt_graphql.accounts.types import Sale
from prewatt_graphql.commands.enums import CommandKind, CommandState
from prewatt_graphql.context import Info
from prewatt_graphql.ids import global_id
from prewatt_graphql.meters.types import Meter
from prewatt_graphql.node import Node
from prewatt_platform.control.models import ORDER_KINDS
from prewatt_platform.control.models import Command as CommandRow
from prewatt_platform.projects.models import Project


@strawberry.type(description="A command to one meter.")
class Command(Node):
    """`meter` and `sale` come from loaders."""

    row: strawberry.Private[CommandRow]
    project: strawberry.Private[Project]
    kind: CommandKind = strawberry.field(description="Kind of the command.")
    state: CommandState = strawberry.field(description="State of the command.")
    final: bool = strawberry.field(
        description="Whether the state is final; the platform does not change it any more."
    )
    detail: str | None = strawberry.field(
        description="Reason of a failure, wait or dispute, in English; null without one."
    )
    attempts: int = strawberry.field(description="Number of attempts at the meter.")
    requested_by: str = strawberry.field(description="Name of the operator who requested it.")
    created_at: datetime = strawberry.field(description="When it was requested.")
    updated_at: datetime = strawberry.field(description="Time of the last state change.")
    next_attempt_at: datetime | None = strawberry.field(
        description="Time of the next attempt; null when final. It becomes now when the meter is heard before that time."
    )

    @strawberry.field(description="The meter.")
    async def meter(self, info: Info) -> Meter | None:
        row = await info.context.loaders.meters.load(self.row.meter_id)
        return None if row is None else Meter.of(row, self.project)

    @strawberry.field(description="The sale, refund or reversal that it carries out; null for other kinds.")
    async def sale(self, info: Info) -> Sale | None:
        if self.row.kind not in ORDER_KINDS:
            return None
        row = await info.context.loaders.orders.load(self.row.id)
        return None if row is None else Sale.of(row, self.project)

    @classmethod
    def of(cls, row: CommandRow, project: Project) -> Self:
        """The API type of a command row."""
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
