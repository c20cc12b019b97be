"""Sign-in and sign-out."""

from datetime import timedelta
from typing import Any

import pytest

from prewatt_graphql.scalars import parse_date_time
from prewatt_platform.operators.models import Role

pytestmark = pytest.mark.anyio

SIGN_IN = """mutation($name: String!, $password: String!) { signIn(input: {name: $name, password: $password}) {
  token expiresAt viewer { id name displayName }
  projects { id code name timezone currency role permissions readingIntervalMinutes meterCount }
  errors { __typename code message path }
} }"""
NAME, PASSWORD = "administrator-000", "correct horse"


async def test_a_token_gives_access_to_the_operators_projects(stack: Any, admin: Any) -> None:
    payload = (await stack.nobody.data(SIGN_IN, name=NAME, password=PASSWORD))["signIn"]
    assert payload["errors"] == []
    assert (payload["viewer"]["name"], payload["viewer"]["displayName"]) == (NAME, "Administrator-000")
    (project,) = payload["projects"]
    assert project.pop("id")
    assert set(project.pop("permissions")) >= {"meters:read", "sales:create", "relay:control"}
    assert project == {
        "code": "000",
        "name": "试验台",
        "timezone": "Asia/Shanghai",
        "currency": "CNY",
        "role": "ADMINISTRATOR",
        "readingIntervalMinutes": 30,
        "meterCount": 8,
    }
    until = parse_date_time(payload["expiresAt"]) - stack.deployment.platform.clock.now()
    assert timedelta(hours=11, minutes=59) < until <= timedelta(hours=12)
    stack.nobody.token = payload["token"]


async def test_wrong_name_and_wrong_password_get_the_same_error(stack: Any, admin: Any) -> None:
    told = [
        (await stack.nobody.data(SIGN_IN, name=name, password=password))["signIn"]
        for name, password in ((NAME, "wrong"), ("nobody", PASSWORD), ("", ""), ("x" * 10_000, "y" * 10_000))
    ]
    assert told[0]["errors"][0]["code"] == "WRONG_CREDENTIALS"
    assert told[0]["token"] is None
    assert told[0]["projects"] is None
    assert told.count(told[0]) == len(told)


async def test_repeated_wrong_passwords_are_throttled(own_stack: Any) -> None:
    stack = await own_stack(work="api")
    await stack.client(Role.VIEWER)
    codes = [
        (await stack.nobody.data(SIGN_IN, name="viewer-000", password="wrong"))["signIn"]["errors"][0]["code"]
        for _ in range(6)
    ]
    assert codes == ["WRONG_CREDENTIALS"] * 5 + ["THROTTLED"]


async def test_sign_in_ignores_an_invalid_token(stack: Any, admin: Any) -> None:
    answer = await stack.nobody.post(
        json={"query": SIGN_IN, "variables": {"name": NAME, "password": PASSWORD}},
        headers={"Authorization": "Bearer of-yesterday", "X-Project": "999"},
    )
    assert answer.json()["data"]["signIn"]["token"]


async def test_sign_out_ends_one_token_only(stack: Any, admin: Any) -> None:
    token = (await stack.nobody.data(SIGN_IN, name=NAME, password=PASSWORD))["signIn"]["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    out = {"query": "mutation { signOut { errors { code } } }"}
    assert (await stack.nobody.post(json=out, headers=bearer)).json()["data"]["signOut"]["errors"] == []
    again = (await stack.nobody.post(json=out, headers=bearer)).json()
    assert again["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await admin.data("{ viewer { name } }"))["viewer"]["name"] == NAME


@pytest.mark.parametrize("text", ["a\\u0000b", "a\\ud800b", "\\udc00"])
async def test_text_that_cannot_be_stored_is_refused(stack: Any, text: str) -> None:
    """In variables and in the document itself."""
    document = 'mutation($name: String!) { signIn(input: {name: $name, password: \\"x\\"}) { token } }'
    in_variable = f'{{"query": "{document}", "variables": {{"name": "{text}"}}}}'
    literal = text.replace("\\", "\\\\")
    in_document = '{"query": "mutation { signIn(input: {name: \\"TEXT\\", password: \\"x\\"}) { token } }"}'
    for body in (in_variable, in_document.replace("TEXT", literal)):
        answer = await stack.nobody.post(content=body.encode(), headers={"Content-Type": "application/json"})
        assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"BAD_INPUT"}
