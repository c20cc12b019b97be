"""Type of the signed-in operator."""

from typing import Self

import strawberry

from prewatt_graphql.ids import global_id
from prewatt_platform.operators.service import SignedIn


@strawberry.type(description="The operator who is signed in.")
class Viewer:
    """The operator of the request's credential."""

    id: strawberry.ID = strawberry.field(description="Opaque and unique.")
    name: str = strawberry.field(description="Sign-in name.")
    display_name: str = strawberry.field(description="Name for display.")

    @classmethod
    def of(cls, operator: SignedIn) -> Self:
        """The API type of a verified credential's operator."""
        return cls(
            id=global_id("Operator", "", operator.operator_id),
            name=operator.name,
            display_name=operator.display_name,
        )
