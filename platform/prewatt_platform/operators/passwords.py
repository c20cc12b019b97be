"""Password hashes: Argon2id with 64 MiB, 3 passes, 4 lanes, in threads, at most four at a time.

The parameters are above the OWASP minimum (19 MiB, 2 passes, 1 lane). One check takes about 0.2 s and 64 MiB; the limit of
four bounds the memory that a burst of sign-ins can use.
"""

import asyncio
import secrets
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4, type=Type.ID)


class Passwords:
    """Hashes and verifies passwords, `at_once` at a time."""

    def __init__(self, at_once: int = 4) -> None:
        self._at_once = asyncio.Semaphore(at_once)

    async def hash(self, password: str) -> str:
        """The hash of a password as a PHC string."""
        async with self._at_once:
            return await asyncio.to_thread(_hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password matches. Without a stored hash the answer is False and takes as long."""
        async with self._at_once:
            return await asyncio.to_thread(_verify, stored, password)


def _verify(stored: str | None, password: str) -> bool:
    try:
        _hasher.verify(stored or _dummy_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@cache
def _dummy_hash() -> str:
    return _hasher.hash(secrets.token_hex(16))
