"""The interface of everything that can be fetched again by its id, and the field that does so."""

import strawberry


@strawberry.interface(description="Something that can be fetched again by its id.")
class Node:
    """What `node` gives."""

    id: strawberry.ID = strawberry.field(
        description="Opaque and globally unique; good for `node` in the same project."
    )
