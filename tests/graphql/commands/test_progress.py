"""Commands over the API: requested, followed until final by subscription and by query, read back from the meter."""

from typing import Any
from uuid import uuid4

import pytest

from prewatt_platform.operators.models import Role

pytestmark = pytest.mark.anyio

METER = "0000010201"
PARTS = "id kind state final detail attempts requestedBy createdAt updatedAt nextAttemptAt meter { number } sale { id }"
REFRESH = f"""mutation($number: String!) {{ meterRefresh(input: {{meterNumber: $number}}) {{
  command {{ {PARTS} }} errors {{ code path }}
}} }}"""
SET_MODE = f"""mutation($input: ControlModeSetInput!) {{ controlModeSet(input: $input) {{
  command {{ {PARTS} }} replayed errors {{ code path }}
}} }}"""
FOLLOW = f"subscription($id: ID!) {{ commandProgress(id: $id) {{ {PARTS} }} }}"
ASK = f"query($id: ID!) {{ command(id: $id) {{ {PARTS} }} }}"
MODES = "query($number: String!) { meter(number: $number) { controlMode controlModeObserved relay } }"


async def follow(client: Any, command: str) -> list[dict[str, Any]]:
    """Every step of a command, to its end."""
    steps: list[dict[str, Any]] = []
    async with client.socket() as socket:
        await socket.subscribe(FOLLOW, id=command)
        while (message := await socket.receive())["type"] == "next":
            steps.append(message["payload"]["data"]["commandProgress"])
    assert message["type"] == "complete"
    return steps


async def test_progress_of_a_refresh_until_final(admin: Any) -> None:
    payload = (await admin.data(REFRESH, number=METER))["meterRefresh"]
    assert payload["errors"] == []
    asked = payload["command"]
    assert (asked["kind"], asked["state"], asked["final"]) == ("REFRESH", "REQUESTED", False)
    assert (asked["requestedBy"], asked["meter"], asked["sale"]) == (
        "administrator-000",
        {"number": METER},
        None,
    )
    steps = await follow(admin, asked["id"])
    assert (steps[-1]["state"], steps[-1]["final"], steps[-1]["nextAttemptAt"]) == ("SUCCEEDED", True, None)
    assert (await admin.data(ASK, id=asked["id"]))["command"] == steps[-1], "asking tells the same"
    assert await follow(admin, asked["id"]) == steps[-1:], "what is over is told once"


async def test_control_modes_switch_the_relay_and_are_read_back(own_stack: Any) -> None:
    stack = await own_stack()
    admin, meter = await stack.client(), stack.deployment.farm.meter(METER)
    await stack.deployment.read()
    for mode, relay_closed, forced in (
        ("FORCED_OFF", False, False), ("KEEP_SUPPLY", True, True), ("PREPAID", True, None),
    ):  # fmt: skip
        wish = {"idempotencyKey": str(uuid4()), "meterNumber": METER, "mode": mode, "reason": "a test"}
        payload = (await admin.data(SET_MODE, input=wish))["controlModeSet"]
        assert (payload["errors"], payload["replayed"]) == ([], False)
        steps = await follow(admin, payload["command"]["id"])
        assert steps[-1]["state"] == "SUCCEEDED"
        assert (meter.relay_closed, meter.forced) == (relay_closed, forced)
        seen = (await admin.data(MODES, number=METER))["meter"]
        assert seen == {
            "controlMode": mode, "controlModeObserved": mode, "relay": "CLOSED" if relay_closed else "OPEN",
        }  # fmt: skip
        again = (await admin.data(SET_MODE, input=wish))["controlModeSet"]
        assert again["replayed"] is True
        assert again["command"]["id"] == payload["command"]["id"]
        wish["mode"] = "KEEP_SUPPLY" if mode != "KEEP_SUPPLY" else "PREPAID"
        other = (await admin.data(SET_MODE, input=wish))["controlModeSet"]
        assert other["command"] is None
        assert other["errors"] == [{"code": "IDEMPOTENCY_MISMATCH", "path": ["input", "idempotencyKey"]}]


@pytest.mark.parametrize(("number", "code"), [("9999999999", "NOT_FOUND"), ("", "NOT_FOUND")])
async def test_an_unknown_meter(admin: Any, number: str, code: str) -> None:
    wish = {"idempotencyKey": str(uuid4()), "meterNumber": number, "mode": "FORCED_OFF"}
    for payload in (
        (await admin.data(SET_MODE, input=wish))["controlModeSet"],
        (await admin.data(REFRESH, number=number))["meterRefresh"],
    ):
        assert payload["command"] is None
        assert payload["errors"] == [{"code": code, "path": ["input", "meterNumber"]}]


async def test_a_meter_without_a_relay_is_refused(admin: Any) -> None:
    wish = {"idempotencyKey": str(uuid4()), "meterNumber": "0000010101", "mode": "FORCED_OFF"}
    payload = (await admin.data(SET_MODE, input=wish))["controlModeSet"]
    assert payload["errors"] == [{"code": "NOT_PREPAID", "path": ["input", "meterNumber"]}]


async def test_a_gateway_without_an_address_is_refused(own_stack: Any) -> None:
    admin = await (await own_stack(work="api", known=False)).client(Role.ENGINEER)
    wish = {"idempotencyKey": str(uuid4()), "meterNumber": METER, "mode": "FORCED_OFF"}
    for payload in (
        (await admin.data(SET_MODE, input=wish))["controlModeSet"],
        (await admin.data(REFRESH, number=METER))["meterRefresh"],
    ):
        assert payload["errors"] == [{"code": "GATEWAY_UNREACHABLE", "path": ["input", "meterNumber"]}]


@pytest.mark.parametrize(
    "ident",
    ["", "x", "Q29tbWFuZDowMDA6", "\x01", "Q29tbWFuZDowMDA6MDE4ZjRlNmUtM2UxYS03YjYwLTljMWMtMmYyZjVkMGY5YTEx"],
)
async def test_an_unknown_command(admin: Any, ident: str) -> None:
    assert await admin.data(ASK, id=ident) == {"command": None}
