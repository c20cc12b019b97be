"""Examples of the guides run, and their tables are complete."""

import asyncio
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from prewatt_graphql import limit_values
from prewatt_graphql.errors import ErrorCode, RequestError
from prewatt_graphql.ids import decode
from prewatt_graphql.metrics import Metrics
from prewatt_platform.kernel.settings import Settings
from prewatt_platform.operators.models import Role

DOCS = Path(__file__).parents[3] / "docs"
ADMINISTRATORS = (DOCS / "administrators.md").read_text("utf-8")
OPERATORS = (DOCS / "operators.md").read_text("utf-8")
EXAMPLE = re.compile(
    r"^```sh\n((?:KEY=[^\n]*\n)?curl .*?)^```\n\n```json\n(.*?)^```", re.MULTILINE | re.DOTALL
)


def shape(value: Any) -> Any:
    """What kinds of things a JSON value is made of; of lists, the first element."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


@pytest.mark.anyio
async def test_the_examples_run_in_their_order(own_stack: Any) -> None:
    stack = await own_stack()
    await stack.deployment.read()
    await stack.client(Role.ADMINISTRATOR)
    given = {
        "API": f"{stack.live.url}/graphql",
        "NAME": "administrator-000",
        "PASSWORD": "correct horse",
        "PATH": "/bin:/usr/bin",
    }
    examples = EXAMPLE.findall(OPERATORS)
    assert len(examples) == 16
    for script, sample in examples:
        answer = await _run(script, given)
        while "command(id" in script and not answer["data"]["command"]["final"]:
            answer = await _run(script, given)
        assert shape(answer) == shape(json.loads(sample)), script
        if "signIn" in answer["data"]:
            given["TOKEN"] = answer["data"]["signIn"]["token"]
        if "saleCreate" in answer["data"]:
            given["COMMAND"] = answer["data"]["saleCreate"]["command"]["id"]
            given["ACCOUNT"] = await _account_id(stack)
        if "pricePlanCreate" in answer["data"]:
            given["PLAN"] = answer["data"]["pricePlanCreate"]["pricePlan"]["id"]
        if "refundCreate" in answer["data"]:
            # the next example finds it in the meter
            refund = decode(answer["data"]["refundCreate"]["command"]["id"])
            assert refund is not None
            await stack.deployment.ended(refund.uuid)
        if "command" in answer["data"]:
            assert answer == json.loads(sample), "word by word"


async def _account_id(stack: Any) -> str:
    admin = await stack.client(Role.ADMINISTRATOR)
    found = await admin.data('{ meter(number: "0000010201") { account { id } } }')
    account: str = found["meter"]["account"]["id"]
    return account


async def _run(script: str, given: dict[str, str]) -> Any:
    done = await asyncio.to_thread(
        subprocess.run,
        ["bash", "-euc", script],
        env=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)


def test_every_setting_is_in_the_table() -> None:
    rows = re.findall(r"^\| `(PREWATT_\w+)` \|(.*?)\| (.*?) \|$", ADMINISTRATORS, re.MULTILINE)
    listed = {name: (default.strip(), words) for name, default, words in rows}
    defined = {
        f"PREWATT_{name.upper()}": (
            "" if field.default in {None, ""} else str(field.default),
            field.description,
        )
        for name, field in Settings.model_fields.items()
    }
    assert listed == defined


def test_every_error_code_is_documented() -> None:
    documented = set(re.findall(r"^\| ([A-Z_]+) \|", OPERATORS, re.MULTILINE))
    assert documented == set(ErrorCode.__members__) | {
        kind.code for kind in RequestError.__subclasses__()
    } | {"INTERNAL"}


def test_every_metric_is_documented() -> None:
    described = set(re.findall(r"^# TYPE (\w+)", Metrics().render(), re.MULTILINE))
    assert set(re.findall(r"^\| `(prewatt_\w+)` \|", ADMINISTRATORS, re.MULTILINE)) == described


@pytest.mark.parametrize(
    "text",
    [
        f"{limit_values.TOKENS_MAX} tokens", f"{limit_values.DEPTH_MAX} levels", f"{limit_values.ALIASES_MAX} aliases",
        f"| {limit_values.NODES_MAX}:", f"{limit_values.BODY_BYTES_MAX // 1024} kB", f"1 to {limit_values.PAGE_MAX}, {limit_values.PAGE_DEFAULT} by",
        f"1 to {limit_values.POINTS_MAX}", f"| {limit_values.EXECUTION_S_MAX:.0f} s |", f"{limit_values.SUBSCRIPTIONS_PER_SOCKET_MAX} to a connection",
        f"within {limit_values.CONNECTION_INIT_S_MAX:.0f} s", f"up to {limit_values.METERS_LISTENED_MAX} meters",
        f"| {limit_values.CALLS_MAX['Query.node']} to a document |",
    ],
)  # fmt: skip
def test_documented_limits_are_those_in_force(text: str) -> None:
    assert text in OPERATORS
