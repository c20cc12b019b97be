"""Each request that moves money or a relay happens once per key, however often it comes.

Same key and same content: the first command again. Same key and other content: `IdempotencyMismatch`, and nothing is
written. Duplicates that come at once wait for the first. Keys never expire; a request that was refused used none.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from prewatt_platform.control.errors import IdempotencyMismatch
from prewatt_platform.control.models import Command, IdempotencyKey
from prewatt_platform.control.repository import CommandRepository, IdempotencyRepository
from prewatt_platform.kernel.tenancy import Work


async def once(
    work: Work,
    operation: str,
    key: UUID,
    content: dict[str, Any],
    make: Callable[[], Awaitable[Command]],
) -> tuple[Command, bool]:
    """The command that this request makes, or made before; and whether it was made before.

    `content` is plain data (text and whole numbers) that two equal requests have in common.
    """
    actor_id = work.scope.actor.id
    assert actor_id is not None, "only operators send keys"
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    input_hash = hashlib.sha256(canonical.encode()).digest()
    keys = IdempotencyRepository(work)
    used = await keys.find(actor_id, operation, key)
    if used is not None:
        if used.input_hash != input_hash:
            raise IdempotencyMismatch(key)
        command = await CommandRepository(work).by_id(used.command_id)
        assert command is not None, "a key's command exists: the database says so"
        return command, True
    command = await make()
    await keys.add(
        IdempotencyKey(
            project_id=work.project_id,
            actor_id=actor_id,
            operation=operation,
            key=key,
            input_hash=input_hash,
            command_id=command.id,
            created_at=work.clock.now(),
        )
    )
    return command, False
