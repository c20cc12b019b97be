"""Keyset pagination: a cursor holds sort key and id of the last row, so pages do not shift when rows are added.

Cursors are opaque and belong to one order: a cursor of another order, or one that this API did not make, is refused.
The rows of a page are the repository's business.
"""

import base64
import binascii
import json
from datetime import datetime
from uuid import UUID

import strawberry

from prewatt_graphql.errors import BadInput
from prewatt_graphql.limit_values import PAGE_MAX


@strawberry.type(description="Position of a page in its list.")
class PageInfo:
    """Pages go forward only."""

    has_next_page: bool = strawberry.field(description="Whether another page follows.")
    end_cursor: str | None = strawberry.field(
        description="Cursor of the page's last entry, for `after`; null on an empty page."
    )


def page_size(first: int) -> int:
    """Return `first`. Raises `BadInput` outside 1 to `PAGE_MAX`."""
    if not 1 <= first <= PAGE_MAX:
        raise BadInput(f"first is between 1 and {PAGE_MAX}, not {first}", "first")
    return first


def encode_cursor(order: str, *key: str) -> str:
    """The cursor of a row: name of the order, then the parts of its sort key."""
    return (
        base64.urlsafe_b64encode(json.dumps([order, *key], ensure_ascii=False).encode()).decode().rstrip("=")
    )


def decode_cursor(after: str | None, order: str, parts: int) -> tuple[str, ...] | None:
    """The sort key in a cursor, or None without a cursor. Raises `BadInput` unless it is of that order with `parts` parts."""
    if after is None:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    # RecursionError: base64 of deeply nested brackets is a valid argument
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


def encode_moment(order: str, at: datetime, row_id: UUID) -> str:
    """The cursor of a row that is sorted by an instant, then by its id."""
    return encode_cursor(order, at.isoformat(), str(row_id))


def decode_moment(after: str | None, order: str) -> tuple[datetime, UUID] | None:
    """Instant and id in a cursor of `encode_moment`, or None without a cursor. Raises `BadInput`."""
    key = decode_cursor(after, order, 2)
    if key is None:
        return None
    try:
        at, row_id = datetime.fromisoformat(key[0]), UUID(key[1])
    except ValueError as wrong:
        raise BadInput("after is no cursor of this list", "after") from wrong
    if at.tzinfo is None:
        raise BadInput("after is no cursor of this list", "after")
    return at, row_id
