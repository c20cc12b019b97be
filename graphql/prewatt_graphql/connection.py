"""Pages by keyset: a cursor names the last row seen by its sort key and id, so pages do not shift while rows arrive.

Cursors are opaque to clients and belong to one order: a cursor of another order, or of our own making by hand, is
refused. What a page contains is the repository's business.
"""

import base64
import binascii
import json

import strawberry

from prewatt_graphql.errors import BadInput
from prewatt_graphql.limit_values import PAGE_MAX


@strawberry.type(description="Where a page ends.")
class PageInfo:
    """Forward paging only."""

    has_next_page: bool = strawberry.field(description="Whether more follow.")
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last entry, to go on `after`; null when empty."
    )


def page_size(first: int) -> int:
    """`first` when a page may have that many; `BadInput` otherwise."""
    if not 1 <= first <= PAGE_MAX:
        raise BadInput(f"first is between 1 and {PAGE_MAX}, not {first}", "first")
    return first


def cursor(order: str, *key: str) -> str:
    """The cursor of the row with that sort key, in that order."""
    return (
        base64.urlsafe_b64encode(json.dumps([order, *key], ensure_ascii=False).encode()).decode().rstrip("=")
    )


def position(after: str | None, order: str, parts: int) -> tuple[str, ...] | None:
    """The sort key that a cursor of that order names, in that many parts; `BadInput` for anything else."""
    if after is None:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        found = None
    if (
        not isinstance(found, list)
        or len(found) != parts + 1
        or found[0] != order
        or not all(isinstance(part, str) for part in found)
    ):
        raise BadInput("after is no cursor of this list in this order", "after")
    return tuple(found[1:])
