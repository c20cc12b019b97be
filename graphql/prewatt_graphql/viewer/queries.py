"""Query of the signed-in operator."""

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.viewer.types import Viewer


@strawberry.type
class ViewerQueries:
    """Root query `viewer`."""

    @strawberry.field(description="The operator who is signed in.")
    def viewer(self, info: Info) -> Viewer | None:
        return Viewer.of(info.context.signed_in)
