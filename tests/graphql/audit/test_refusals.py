"""Refused attempts stand in the audit chain, with what was asked and why it was refused, and the chain stays whole."""

from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import col, select

from prewatt_graphql.refusals import HIDDEN, plain
from prewatt_platform.kernel.audit import AuditEvent, AuditRepository
from prewatt_platform.operators.models import Role
from prewatt_platform.operators.rules import Permission

pytestmark = pytest.mark.anyio

SELL = "mutation($input: SaleCreateInput!) { saleCreate(input: $input) { command { id } errors { code } } }"
SWITCH = "mutation($input: ControlModeSetInput!) { controlModeSet(input: $input) { errors { code } } }"
SIGN_IN = """mutation($input: SignInInput!) { signIn(input: $input) { token errors { code } } }"""


def sale(number: str, amount: str) -> dict[str, Any]:
    return {"idempotencyKey": str(uuid4()), "meterNumber": number, "amount": amount}


async def refused(stack: Any) -> list[AuditEvent]:
    async with stack.deployment.database.project(stack.deployment.scope) as work:
        assert (await AuditRepository(work).verify()).reason is None
        statement = (
            select(AuditEvent).where(AuditEvent.action == "refused").order_by(col(AuditEvent.sequence))
        )
        return list((await work.session.execute(statement)).scalars())


async def test_refused_attempts_are_recorded(own_stack: Any) -> None:
    stack = await own_stack(work="api")
    cashier = await stack.client(Role.CASHIER)
    # a meter of another project, an amount beyond the limits, a permission that is missing
    foreign = sale("0090010201", "1.00")
    assert (await cashier.data(SELL, input=foreign))["saleCreate"]["errors"] == [{"code": "NOT_FOUND"}]
    await cashier.data(SELL, input=sale("0000010201", "0"))
    switch = {"idempotencyKey": str(uuid4()), "meterNumber": "0000010201", "mode": "FORCED_OFF"}
    assert await cashier.code(SWITCH, input=switch) == "FORBIDDEN"
    # carried out: no refusal
    await cashier.data(SELL, input=sale("0000010201", "1.00"))
    # somebody who is signed in mistypes a password: no secret may get anywhere
    await cashier.data(SIGN_IN, input={"name": "cashier-000", "password": "hunter2"})

    found = await refused(stack)
    assert [(each.subject, each.actor_name, each.detail["errors"][0]["code"]) for each in found] == [
        ("saleCreate", "cashier-000", "NOT_FOUND"),
        ("saleCreate", "cashier-000", "BAD_INPUT"),
        ("controlModeSet", "cashier-000", "FORBIDDEN"),
        ("signIn", "cashier-000", "WRONG_CREDENTIALS"),
    ]
    assert found[0].detail["asked"] == {
        "idempotency_key": foreign["idempotencyKey"],
        "meter_number": "0090010201",
        "amount": "1.00",
    }
    assert found[0].detail["errors"][0]["path"] == ["input", "meterNumber"]
    assert found[2].detail["asked"] == {"input": switch}
    assert "relay:control" in found[2].detail["errors"][0]["message"]
    assert found[3].detail["asked"] == {"name": "cashier-000", "password": HIDDEN}
    assert not any("hunter2" in str(each.detail) for each in found)


async def test_a_subscription_without_permission_is_recorded(own_stack: Any, monkeypatch: Any) -> None:
    from prewatt_graphql import permissions

    stack = await own_stack(work="api")
    viewer = await stack.client(Role.VIEWER)
    # every role may read meters, so the permission is taken away here
    check = permissions.check

    def refuse(context: Any, requirement: Any) -> None:
        if requirement is Permission.METERS_READ:
            requirement = Permission.DAYS_CLOSE
        check(context, requirement)

    monkeypatch.setattr(permissions, "check", refuse)
    async with viewer.socket() as socket:
        await socket.subscribe("subscription { readingAdded(meters: []) { meterNumber } }")
        assert (await socket.receive())["type"] in {"next", "error"}
    (event,) = await refused(stack)
    assert (event.subject, event.detail["errors"][0]["code"]) == ("readingAdded", "FORBIDDEN")


async def test_nobody_leaves_nothing(own_stack: Any) -> None:
    stack = await own_stack(work="api")
    assert await stack.nobody.code(SELL, input=sale("0000010201", "1.00")) == "UNAUTHENTICATED"
    assert await refused(stack) == []


class Colour(Enum):
    RED = "r"


@dataclass
class Asked:
    api_token: str
    colour: Colour
    rows: list[dict[str, Any]]
    text: str


def test_what_is_kept_is_bounded_and_without_secrets() -> None:
    kept = plain(Asked("abc", Colour.RED, [{"newPassword": "x", "n": 1}] * 25, "y" * 300))
    assert kept["api_token"] == HIDDEN
    assert kept["colour"] == "RED"
    assert kept["rows"][:1] == [{"newPassword": HIDDEN, "n": 1}]
    assert (len(kept["rows"]), kept["rows"][-1]) == (21, "and 5 more")
    assert len(kept["text"]) == 201
    assert plain({"a": None, "b": True}) == {"a": None, "b": True}
