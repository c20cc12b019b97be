"""Queries of the operator's projects and of the request's project."""

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.projects.types import Project


@strawberry.type
class ProjectQueries:
    """Root queries on projects."""

    @strawberry.field(description="Projects in which the operator has a role, by code.")
    def projects(self, info: Info) -> list[Project] | None:
        return [Project.of(project, role) for project, role in info.context.signed_in.projects]

    @strawberry.field(description="The project of this request, named by `X-Project`.")
    def project(self, info: Info) -> Project | None:
        return Project.of(info.context.membership.project, info.context.membership.role)
