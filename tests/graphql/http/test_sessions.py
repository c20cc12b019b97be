"""Credentials, projects and permissions; refusals do not reveal what exists."""

from typing import Any

import pytest

from prewatt_platform.operators.models import Role

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic eDp5", "nonsense", "Bearer a b"])
async def test_an_invalid_credential(stack: Any, header: str) -> None:
    answer = await stack.nobody.post(
        json={"query": "{ viewer { name } }"}, headers={"Authorization": header, "X-Project": "000"}
    )
    assert answer.json()["data"] == {"viewer": None}
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_scheme_is_case_insensitive(stack: Any, admin: Any) -> None:
    answer = await stack.nobody.post(
        json={"query": "{ viewer { name } }"}, headers={"Authorization": f"bearer {admin.token}"}
    )
    assert answer.json()["data"]["viewer"] is not None


@pytest.mark.parametrize(
    "query", ["{ project { code } }", "{ meters { totalCount } }", '{ meter(number: "x") { id } }']
)
async def test_an_unknown_project_behaves_like_none(stack: Any, admin: Any, query: str) -> None:
    errors = []
    for headers in ({"X-Project": "999"}, {"X-Project": ""}, {"X-Project": "x" * 5000}, {}):
        answer = await stack.nobody.post(
            json={"query": query}, headers={"Authorization": f"Bearer {admin.token}", **headers}
        )
        (error,) = answer.json()["errors"]
        assert error["extensions"].pop("requestId")
        errors.append(error)
    assert errors[0]["extensions"] == {"code": "PROJECT_REQUIRED"}
    assert errors.count(errors[0]) == len(errors)


async def test_without_a_credential_a_project_makes_no_difference(stack: Any) -> None:
    for project in ("000", "999"):
        answer = await stack.nobody.post(
            json={"query": "{ meters { totalCount } }"}, headers={"X-Project": project}
        )
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


FORBIDDEN = [
    (Role.VIEWER, "sales:create", "SaleCreate", "saleCreate", {"amount": "1.00", "meterNumber": "x"}),
    (Role.FINANCE, "sales:create", "SaleCreate", "saleCreate", {"amount": "1.00", "meterNumber": "0000010201"}),
    (Role.ENGINEER, "accounts:open", "AccountOpen", "accountOpen", {"customerName": "a", "meterNumber": "x"}),
    (Role.CASHIER, "relay:control", "ControlModeSet", "controlModeSet", {"mode": "FORCED_OFF", "meterNumber": "x"}),
]  # fmt: skip


@pytest.mark.parametrize(("role", "permission", "kind", "field", "values"), FORBIDDEN)
async def test_a_denial_names_the_permission_and_never_the_object(
    stack: Any, role: Role, permission: str, kind: str, field: str, values: dict[str, str]
) -> None:
    client = await stack.client(role)
    key = {"idempotencyKey": "018f4e6e-3e1a-7b60-9c1c-2f2f5d0f9a11"}
    answer = await client.ask(
        f"mutation($input: {kind}Input!) {{ {field}(input: $input) {{ errors {{ code }} }} }}",
        input={**key, **values},
    )
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert error["message"] == f"needs the permission {permission}"


async def test_a_viewer_reads_but_cannot_refresh_or_configure(stack: Any) -> None:
    viewer = await stack.client(Role.VIEWER)
    assert (await viewer.data("{ meters { totalCount } }"))["meters"]["totalCount"] == 8
    refresh = 'mutation { meterRefresh(input: {meterNumber: "0000010101"}) { errors { code } } }'
    assert await viewer.code(refresh) == "FORBIDDEN"
    interval = (
        'mutation { readingIntervalSet(input: {meterNumber: "0000010101", minutes: 5}) { errors { code } } }'
    )
    assert await viewer.code(interval) == "FORBIDDEN"


async def test_an_engineer_sets_a_meters_interval_but_not_the_projects(stack: Any) -> None:
    engineer = await stack.client(Role.ENGINEER)
    query = "mutation { readingIntervalSet(input: {minutes: 30}) { errors { code } } }"
    assert await engineer.code(query) == "FORBIDDEN"
