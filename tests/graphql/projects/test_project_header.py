"""Projects: which there are, and which one a request is about."""

from typing import Any

import pytest

pytestmark = pytest.mark.anyio


async def test_the_viewers_projects_and_the_one_of_the_request(admin: Any) -> None:
    data = await admin.data("{ projects { code role } project { code role meterCount } }")
    assert data == {
        "projects": [{"code": "000", "role": "ADMINISTRATOR"}],
        "project": {"code": "000", "role": "ADMINISTRATOR", "meterCount": 8},
    }


async def test_projects_need_no_choice(stack: Any, admin: Any) -> None:
    answer = await stack.nobody.post(
        json={"query": "{ projects { code meterCount } }"}, headers={"Authorization": f"Bearer {admin.token}"}
    )
    assert answer.json() == {"data": {"projects": [{"code": "000", "meterCount": 8}]}}
