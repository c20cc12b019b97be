"""Type of projects."""

from enum import Enum
from typing import Self

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.ids import global_id
from prewatt_graphql.node import Node
from prewatt_platform.kernel.tenancy import Scope
from prewatt_platform.metering.repository import MeterRepository
from prewatt_platform.operators.models import Role as RoleRow
from prewatt_platform.operators.rules import ROLE_PERMISSIONS
from prewatt_platform.projects.models import Project as ProjectRow


@strawberry.enum(description="Role of an operator in a project. `permissions` lists the rights.")
class Role(Enum):
    """`operators.models.Role`."""

    VIEWER = strawberry.enum_value("VIEWER", description="Reads meters, readings and commands.")
    CASHIER = strawberry.enum_value(
        "CASHIER", description="As VIEWER; also opens accounts, sells and reads meters now."
    )
    FINANCE = strawberry.enum_value(
        "FINANCE",
        description="As VIEWER; also reads sales and meters now, refunds, reverses and resolves orders.",
    )
    ENGINEER = strawberry.enum_value(
        "ENGINEER", description="As VIEWER; also configures meters, sets control modes and reads meters now."
    )
    ADMINISTRATOR = strawberry.enum_value("ADMINISTRATOR", description="All permissions in the project.")


@strawberry.type(description="A site. Every other object belongs to exactly one project.")
class Project(Node):
    """A project with the role that the operator has in it."""

    row: strawberry.Private[ProjectRow]
    code: str = strawberry.field(description="Project code, three digits; the value for `X-Project`.")
    name: str = strawberry.field(description="Name of the project.")
    timezone: str = strawberry.field(description="IANA time zone of business days and meter clocks.")
    currency: str = strawberry.field(description="ISO 4217 code; all amounts of the project are in it.")
    role: Role = strawberry.field(description="Role of the operator.")
    permissions: list[str] = strawberry.field(
        description="Permissions of the operator, such as `sales:create`."
    )
    reading_interval_minutes: int = strawberry.field(
        description="Minutes between readings of its meters, unless a meter has its own interval."
    )

    @strawberry.field(description="Number of installed meters.")
    async def meter_count(self, info: Info) -> int | None:
        assert self.row.id is not None, "a project that was read has its id"
        scope = Scope(self.row.id, info.context.signed_in.actor)
        async with info.context.platform.database.project(scope) as work:
            return await MeterRepository(work).count()

    @classmethod
    def of(cls, row: ProjectRow, role: RoleRow) -> Self:
        """The API type of a project row, for an operator with that role."""
        return cls(
            row=row,
            id=global_id("Project", row.code, row.code),
            code=row.code,
            name=row.name,
            timezone=row.timezone,
            currency=row.currency,
            role=Role(role),
            permissions=sorted(ROLE_PERMISSIONS[role]),
            reading_interval_minutes=row.reading_interval_s // 60,
        )
