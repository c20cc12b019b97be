"""The operator's projects, and the project of a request."""

from typing import Any

import pytest

pytestmark = pytest.mark.anyio


async def test_projects_of_the_operator_and_project_of_the_request(admin: Any) -> None:
    data = await admin.data("{ projects { code role } project { code role meterCount } }")
    assert data == {
        "projects": [{"code": "000", "role": "ADMINISTRATOR"}],
        "project": {"code": "000", "role": "ADMINISTRATOR", "meterCount": 8},
    }


async def test_projects_needs_no_project_header(stack: Any, admin: Any) -> None:
    answer = await stack.nobody.post(
        json={"query": "{ projects { code meterCount } }"}, headers={"Authorization": f"Bearer {admin.token}"}
    )
    assert answer.json() == {"data": {"projects": [{"code": "000", "meterCount": 8}]}}
