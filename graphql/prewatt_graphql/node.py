"""Interface of objects that `node` can fetch by id (Relay object identification)."""

import strawberry


@strawberry.interface(description="An object that `node` fetches by its id.")
class Node:
    """Result of `node`."""

    id: strawberry.ID = strawberry.field(
        description="Opaque, globally unique id; `node` takes it within the same project."
    )
