"""Projects, as their members see them."""

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


@strawberry.enum(description="What an operator is in a project.")
class Role(Enum):
    """Mirrors the platform's."""

    VIEWER = strawberry.enum_value("VIEWER", description="Looks.")
    CASHIER = strawberry.enum_value("CASHIER", description="Looks, opens accounts and sells.")
    FINANCE = strawberry.enum_value("FINANCE", description="Looks, and reads sales and reports.")
    ENGINEER = strawberry.enum_value("ENGINEER", description="Looks, and looks after meters and control.")
    ADMINISTRATOR = strawberry.enum_value("ADMINISTRATOR", description="May do everything in the project.")


@strawberry.type(description="One site: everything belongs to exactly one project.")
class Project(Node):
    """Seen by a member of it."""

    row: strawberry.Private[ProjectRow]
    code: str = strawberry.field(description="Its number; what X-Project takes.")
    name: str = strawberry.field(description="Its name.")
    timezone: str = strawberry.field(description="IANA zone of its business days and meter clocks.")
    currency: str = strawberry.field(description="ISO 4217 code of all its money.")
    role: Role = strawberry.field(description="What the viewer is here.")
    permissions: list[str] = strawberry.field(description="What the viewer may do here.")
    reading_interval_minutes: int = strawberry.field(description="How often its meters are read.")

    @strawberry.field(description="How many meters it has.")
    async def meter_count(self, info: Info) -> int | None:
        assert self.row.id is not None, "a project that was read has its id"
        scope = Scope(self.row.id, info.context.signed_in.actor)
        async with info.context.platform.database.project(scope) as work:
            return await MeterRepository(work).count()

    @classmethod
    def of(cls, row: ProjectRow, role: RoleRow) -> Self:
        """A project as one of its members sees it."""
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
