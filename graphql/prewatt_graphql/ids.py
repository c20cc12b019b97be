"""Opaque global ids: type, project and local id of an object.

Clients must not parse them. An id grants nothing: whoever resolves one compares its project with the scope of the
request, and an id of another project behaves like one that does not exist.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Literal, cast, get_args
from uuid import UUID

import strawberry

Kind = Literal[
    "Project", "Meter", "Gateway", "Account", "Command", "Sale", "Customer", "Operator", "PricePlan"
]


@dataclass(frozen=True, slots=True)
class GlobalId:
    """A decoded id. The project is empty for objects outside projects."""

    kind: Kind
    project: str
    key: str

    def encode(self) -> strawberry.ID:
        """The id that clients see."""
        return strawberry.ID(
            base64.urlsafe_b64encode(f"{self.kind}:{self.project}:{self.key}".encode()).decode().rstrip("=")
        )

    @property
    def uuid(self) -> UUID | None:
        """The key as a UUID, or None when it is none."""
        try:
            return UUID(self.key)
        except ValueError:
            return None


def global_id(kind: Kind, project: str, key: object) -> strawberry.ID:
    """The opaque id of an object."""
    return GlobalId(kind, project, str(key)).encode()


def decode(opaque: str) -> GlobalId | None:
    """The decoded id; None for text that is no id of this API."""
    try:
        text = base64.urlsafe_b64decode(opaque + "=" * (-len(opaque) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    kind, _, rest = text.partition(":")
    project, _, key = rest.partition(":")
    if kind not in get_args(Kind) or not key:
        return None
    found = GlobalId(cast("Kind", kind), project, key)
    # base64 has several spellings of the same bytes; only ours is an id, so equal objects have equal ids
    return found if found.encode() == opaque else None


def local_key(opaque: str, kind: Kind, project: str) -> UUID | None:
    """The key of an id of that kind and project; None for any other id."""
    found = decode(opaque)
    if found is None or (found.kind, found.project) != (kind, project):
        return None
    return found.uuid
