"""Adding an operator succeeds completely or changes nothing."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from prewatt_platform.operators.errors import NameMissing, NameTaken, WeakPassword
from prewatt_platform.operators.models import Role

pytestmark = pytest.mark.anyio


async def counts(directory: Any) -> tuple[int, int]:
    async with directory.database.directory() as work:
        rows = "SELECT (SELECT count(*) FROM operators), (SELECT count(*) FROM memberships)"
        found = (await work.session.execute(text(rows))).one()
    return found[0], found[1]


async def test_an_added_operator_can_sign_in_to_the_named_projects(directory: Any) -> None:
    await directory.operators.add("bert", "12345678", "Bert", [(directory.projects[1], Role.VIEWER)])
    _, signed_in = await directory.operators.sign_in("bert", "12345678")
    assert [(project.code, role) for project, role in signed_in.projects] == [("002", Role.VIEWER)]


@pytest.mark.parametrize("password", ["", "1234567"])
async def test_a_short_password_is_refused(directory: Any, password: str) -> None:
    with pytest.raises(WeakPassword, match="at least 8 characters"):
        await directory.operators.add("bert", password, "Bert", [])
    assert await counts(directory) == (1, 2)


@pytest.mark.parametrize("name", ["", "  "])
async def test_a_name_is_needed(directory: Any, name: str) -> None:
    with pytest.raises(NameMissing):
        await directory.operators.add(name, "12345678", "Nobody", [])


async def test_a_taken_name_is_refused_and_its_operator_unchanged(directory: Any) -> None:
    with pytest.raises(NameTaken, match="'anna'") as refused:
        await directory.operators.add("anna", "another one", "Other", [(directory.projects[0], Role.VIEWER)])
    assert refused.value.name == "anna"
    assert await counts(directory) == (1, 2)
    _, signed_in = await directory.operators.sign_in(directory.name, directory.password)
    assert signed_in.display_name == "Anna"


async def test_of_two_concurrent_additions_of_one_name_one_succeeds(directory: Any) -> None:
    done = await asyncio.gather(
        *(directory.operators.add("bert", "12345678", "Bert", []) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in done) == ["NameTaken", "UUID"]
