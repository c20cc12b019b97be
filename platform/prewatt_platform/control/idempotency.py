"""Each request that moves money or a relay happens once per key, however often it comes.

Same key and same content: the first command or row again. Same key and other content: `IdempotencyMismatch`, and nothing is
written. Duplicates that come at once wait for the first. Keys never expire; a request that was refused used none.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from prewatt_platform.control.errors import IdempotencyMismatch
from prewatt_platform.control.models import Command, IdempotencyKey
from prewatt_platform.control.repository import CommandRepository, IdempotencyRepository
from prewatt_platform.kernel.tenancy import Work

Made = TypeVar("Made", bound=Command | None)


def content_hash(content: dict[str, Any]) -> bytes:
    """The hash of a request's content: plain data (text and whole numbers) that two equal requests have in common."""
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).digest()


async def once(
    work: Work,
    operation: str,
    key: UUID,
    content: dict[str, Any],
    make: Callable[[], Awaitable[Made]],
) -> tuple[Made | Command, bool]:
    """The command that this request makes, or made before; and whether it was made before.

    A request that made none (`make` returned None) used no key.
    """
    used = await _used(work, operation, key, content)
    if used is not None:
        assert used.command_id is not None, "an operation keeps commands or rows, never both"
        command = await CommandRepository(work).by_id(used.command_id)
        assert command is not None, "a key's command exists: the database says so"
        return command, True
    made = await make()
    if made is not None:
        await _keep(work, operation, key, content, command_id=made.id)
    return made, False


async def once_row(
    work: Work,
    operation: str,
    key: UUID,
    content: dict[str, Any],
    make: Callable[[], Awaitable[UUID]],
) -> tuple[UUID, bool]:
    """As `once`, for a request that sends nothing to a meter: the id of the row that it makes, or made before."""
    used = await _used(work, operation, key, content)
    if used is not None:
        assert used.row_id is not None, "an operation keeps commands or rows, never both"
        return used.row_id, True
    made = await make()
    await _keep(work, operation, key, content, row_id=made)
    return made, False


async def _used(work: Work, operation: str, key: UUID, content: dict[str, Any]) -> IdempotencyKey | None:
    used = await IdempotencyRepository(work).find(_operator_id(work), operation, key)
    if used is not None and used.input_hash != content_hash(content):
        raise IdempotencyMismatch(key)
    return used


async def _keep(
    work: Work,
    operation: str,
    key: UUID,
    content: dict[str, Any],
    *,
    command_id: UUID | None = None,
    row_id: UUID | None = None,
) -> None:
    await IdempotencyRepository(work).add(
        IdempotencyKey(
            project_id=work.project_id,
            actor_id=_operator_id(work),
            operation=operation,
            key=key,
            input_hash=content_hash(content),
            command_id=command_id,
            row_id=row_id,
            created_at=work.clock.now(),
        )
    )


def _operator_id(work: Work) -> UUID:
    actor_id = work.scope.actor.id
    assert actor_id is not None, "only operators send keys"
    return actor_id
