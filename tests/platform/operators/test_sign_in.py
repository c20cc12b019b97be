"""Sign-in: the right password starts a session; every failure gives the same error and the same delay."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from prewatt_platform.operators import passwords
from prewatt_platform.operators.errors import OperatorError, Throttled, WrongCredentials
from prewatt_platform.operators.rules import FREE_FAILURES
from prewatt_platform.operators.service import OperatorService

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parameters are tested where they are; here the number of sign-ins matters."""
    from argon2 import PasswordHasher

    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._dummy_hash.cache_clear()


async def refusal(operators: OperatorService, name: str, password: str) -> OperatorError:
    with pytest.raises(OperatorError) as refused:
        await operators.sign_in(name, password)
    return refused.value


async def disable(directory: Any) -> None:
    async with directory.database.directory() as work:
        await work.session.execute(text("UPDATE operators SET disabled = true"))


async def test_the_right_password_returns_operator_and_projects(directory: Any) -> None:
    token, signed_in = await directory.operators.sign_in(directory.name, directory.password)
    assert (signed_in.name, signed_in.display_name) == ("anna", "Anna")
    assert [(project.code, role) for project, role in signed_in.projects] == [
        ("001", "CASHIER"),
        ("002", "ENGINEER"),
    ]
    assert signed_in.expires_at == directory.clock.now() + timedelta(hours=1)
    assert signed_in.actor.id == signed_in.operator_id
    assert await directory.operators.authenticate(token) == signed_in


async def test_wrong_password_unknown_name_and_disabled_operator_get_the_same_error(directory: Any) -> None:
    wrong = await refusal(directory.operators, directory.name, "incorrect horse")
    unknown = await refusal(directory.operators, "bert", directory.password)
    await disable(directory)
    disabled = await refusal(directory.operators, directory.name, directory.password)
    for refused in (wrong, unknown, disabled):
        assert type(refused) is WrongCredentials
        assert str(refused) == "name or password is wrong"


async def test_wrong_password_unknown_name_and_disabled_operator_hash_once_each(
    directory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    honest = passwords._verify

    def counted(stored: str | None, password: str) -> bool:
        hashed.append(password)
        return honest(stored, password)

    monkeypatch.setattr(passwords, "_verify", counted)
    await refusal(directory.operators, directory.name, "wrong")
    await refusal(directory.operators, "bert", "unknown")
    await disable(directory)
    await refusal(directory.operators, directory.name, directory.password)
    assert hashed == ["wrong", "unknown", directory.password]


class TestThrottle:
    @pytest.mark.parametrize("name", ["anna", "nobody"])
    async def test_each_failure_from_the_fifth_on_doubles_the_delay(self, directory: Any, name: str) -> None:
        """A name that nobody has waits like any other."""
        for _ in range(FREE_FAILURES + 1):
            assert type(await refusal(directory.operators, name, "wrong")) is WrongCredentials
        for wait_s in (1, 2, 4):
            refused = await refusal(directory.operators, name, "wrong")
            assert isinstance(refused, Throttled)
            assert refused.until == directory.clock.now() + timedelta(seconds=wait_s)
            directory.clock.advance(wait_s - 0.001)
            assert isinstance(await refusal(directory.operators, name, "wrong"), Throttled)
            directory.clock.advance(0.001)
            assert type(await refusal(directory.operators, name, "wrong")) is WrongCredentials

    async def test_during_the_delay_no_password_is_checked(self, directory: Any) -> None:
        for _ in range(FREE_FAILURES + 1):
            await refusal(directory.operators, directory.name, "wrong")
        assert isinstance(await refusal(directory.operators, directory.name, directory.password), Throttled)
        directory.clock.advance(1)
        await directory.operators.sign_in(directory.name, directory.password)

    async def test_the_right_password_resets_the_delay(self, directory: Any) -> None:
        for _ in range(FREE_FAILURES):
            await refusal(directory.operators, directory.name, "wrong")
        await directory.operators.sign_in(directory.name, directory.password)
        for _ in range(FREE_FAILURES):
            assert type(await refusal(directory.operators, directory.name, "wrong")) is WrongCredentials
        await directory.operators.sign_in(directory.name, directory.password)

    async def test_other_names_are_not_delayed(self, directory: Any) -> None:
        for _ in range(FREE_FAILURES + 1):
            await refusal(directory.operators, "nobody", "wrong")
        await directory.operators.sign_in(directory.name, directory.password)

    async def test_concurrent_guesses_get_no_more_tries(self, directory: Any) -> None:
        refusals = await asyncio.gather(
            *(refusal(directory.operators, directory.name, f"guess {number}") for number in range(20))
        )
        assert sum(type(refused) is WrongCredentials for refused in refusals) == FREE_FAILURES + 1
        assert sum(isinstance(refused, Throttled) for refused in refusals) == 20 - FREE_FAILURES - 1


class TestSession:
    async def test_ends_after_the_idle_time(self, directory: Any) -> None:
        token, _ = await directory.operators.sign_in(directory.name, directory.password)
        directory.clock.advance(599)
        assert await directory.operators.authenticate(token) is not None
        directory.clock.advance(599)
        assert await directory.operators.authenticate(token) is not None
        directory.clock.advance(600)
        assert await directory.operators.authenticate(token) is None

    async def test_checking_it_does_not_restart_the_idle_time(self, directory: Any) -> None:
        token, _ = await directory.operators.sign_in(directory.name, directory.password)
        directory.clock.advance(599)
        assert await directory.operators.authenticate(token, in_use=False) is not None
        directory.clock.advance(1)
        assert await directory.operators.authenticate(token) is None

    async def test_ends_after_the_absolute_time_even_when_used(self, directory: Any) -> None:
        token, signed_in = await directory.operators.sign_in(directory.name, directory.password)
        for _ in range(11):
            directory.clock.advance(300)
            assert await directory.operators.authenticate(token) is not None
        directory.clock.advance(299)
        assert await directory.operators.authenticate(token) is not None
        directory.clock.advance(1)
        assert signed_in.expires_at == directory.clock.now()
        assert await directory.operators.authenticate(token) is None

    async def test_an_ended_session_stays_ended(self, directory: Any) -> None:
        token, _ = await directory.operators.sign_in(directory.name, directory.password)
        directory.clock.advance(600)
        await directory.operators.authenticate(token)
        async with directory.database.directory() as work:
            left = (await work.session.execute(text("SELECT count(*) FROM sessions"))).scalar_one()
        assert left == 0

    async def test_sign_in_deletes_ended_sessions(self, directory: Any) -> None:
        await directory.operators.sign_in(directory.name, directory.password)
        directory.clock.advance(601)
        token, _ = await directory.operators.sign_in(directory.name, directory.password)
        async with directory.database.directory() as work:
            left = (await work.session.execute(text("SELECT count(*) FROM sessions"))).scalar_one()
        assert left == 1
        assert await directory.operators.authenticate(token) is not None

    async def test_ends_when_the_operator_is_disabled(self, directory: Any) -> None:
        token, _ = await directory.operators.sign_in(directory.name, directory.password)
        await disable(directory)
        assert await directory.operators.authenticate(token) is None

    async def test_sign_out_ends_one_session_only(self, directory: Any) -> None:
        first, _ = await directory.operators.sign_in(directory.name, directory.password)
        second, _ = await directory.operators.sign_in(directory.name, directory.password)
        await directory.operators.sign_out(first)
        await directory.operators.sign_out(first)
        assert await directory.operators.authenticate(first) is None
        assert await directory.operators.authenticate(second) is not None

    @pytest.mark.parametrize("token", ["", "nonsense", "\0", "a" * 100_000])
    async def test_an_invalid_token_is_refused(self, directory: Any, token: str) -> None:
        assert await directory.operators.authenticate(token) is None

    async def test_a_removed_role_is_gone_at_the_next_request(self, directory: Any) -> None:
        token, _ = await directory.operators.sign_in(directory.name, directory.password)
        async with directory.database.engine.begin() as connection:
            await connection.execute(text("DELETE FROM memberships WHERE role = 'CASHIER'"))
        signed_in = await directory.operators.authenticate(token)
        assert [project.code for project, _ in signed_in.projects] == ["002"]


async def test_neither_token_nor_password_is_stored(directory: Any) -> None:
    token, _ = await directory.operators.sign_in(directory.name, directory.password)
    async with directory.database.directory() as work:
        sessions = (await work.session.execute(text("SELECT s.*, s::text FROM sessions s"))).all()
        operators = (await work.session.execute(text("SELECT o.*, o::text FROM operators o"))).all()
    assert sessions[0].token_hash == hashlib.sha256(token.encode()).digest()
    assert token not in repr(sessions)
    assert directory.password not in repr(operators)
    assert operators[0].password_hash.startswith("$argon2id$")
