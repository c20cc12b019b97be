"""The operator who asks."""

from typing import Self

import strawberry

from prewatt_graphql.ids import global_id
from prewatt_platform.operators.service import SignedIn


@strawberry.type(description="The operator who is signed in.")
class Viewer:
    """Built from the verified credential."""

    id: strawberry.ID = strawberry.field(description="Opaque and unique.")
    name: str = strawberry.field(description="The name to sign in with.")
    display_name: str = strawberry.field(description="The name to show.")

    @classmethod
    def of(cls, operator: SignedIn) -> Self:
        """The operator as the API shows them."""
        return cls(
            id=global_id("Operator", "", operator.operator_id),
            name=operator.name,
            display_name=operator.display_name,
        )
