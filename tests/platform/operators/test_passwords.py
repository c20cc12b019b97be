"""Parameters of password hashes, and the limit of concurrent computations."""

import asyncio
import threading

import pytest

from prewatt_platform.operators import passwords
from prewatt_platform.operators.passwords import Passwords

pytestmark = pytest.mark.anyio


async def test_a_hash_is_argon2id_with_the_documented_parameters() -> None:
    stored = await Passwords().hash("correct horse")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await Passwords().verify(stored, "correct horse")
    assert not await Passwords().verify(stored, "Correct horse")


async def test_two_hashes_of_one_password_differ() -> None:
    assert await Passwords().hash("correct horse") != await Passwords().hash("correct horse")


@pytest.mark.parametrize("stored", [None, "", "plain", "$argon2id$v=19$m=65536,t=3,p=4$broken"])
async def test_without_a_valid_stored_hash_no_password_matches(stored: str | None) -> None:
    assert not await Passwords().verify(stored, "")


async def test_concurrent_computations_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, most = 0, 0
    lock = threading.Lock()
    all_permitted = threading.Barrier(2)

    def verify(_stored: str | None, _password: str) -> bool:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        all_permitted.wait(30)
        with lock:
            at_once -= 1
        return True

    monkeypatch.setattr(passwords, "_verify", verify)
    two = Passwords(at_once=2)
    await asyncio.gather(*(two.verify(None, "") for _ in range(8)))
    assert most == 2
