"""Each request that moves money or a relay happens once per key, however often it comes.

Same key and same content: the first command again. Same key and other content: `IdempotencyMismatch`, and nothing is
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
    actor_id = work.scope.actor.id
    assert actor_id is not None, "only operators send keys"
    input_hash = content_hash(content)
    keys = IdempotencyRepository(work)
    used = await keys.find(actor_id, operation, key)
    if used is not None:
        if used.input_hash != input_hash:
            raise IdempotencyMismatch(key)
        command = await CommandRepository(work).by_id(used.command_id)
        assert command is not None, "a key's command exists: the database says so"
        return command, True
    made = await make()
    if made is None:
        return made, False
    await keys.add(
        IdempotencyKey(
            project_id=work.project_id,
            actor_id=actor_id,
            operation=operation,
            key=key,
            input_hash=input_hash,
            command_id=made.id,
            created_at=work.clock.now(),
        )
    )
    return made, False
