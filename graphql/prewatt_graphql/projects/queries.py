"""Which projects there are to choose from, and which one was chosen."""

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.projects.types import Project


@strawberry.type
class ProjectQueries:
    """Root queries on projects."""

    @strawberry.field(description="The projects of the viewer, by code.")
    def projects(self, info: Info) -> list[Project] | None:
        return [Project.of(project, role) for project, role in info.context.signed_in.projects]

    @strawberry.field(description="The project of this request: the one that X-Project names.")
    def project(self, info: Info) -> Project | None:
        return Project.of(info.context.here.project, info.context.here.role)
