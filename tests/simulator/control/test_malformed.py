"""No request causes a server error, and devices still answer after any requests.

Requests are generated from the API's own description: valid, nearly valid, or random.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_fixtures.clock import ScaledClock
from prewatt_fixtures.profile import CounterRule
from prewatt_fixtures.wire import vendor
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.control.app import build_app, openapi
from prewatt_simulator.control.numbering import Numbering
from prewatt_simulator.control.operation import ControlContext
from prewatt_simulator.devices.load import SHAPES
from prewatt_simulator.faults import fault_from_words

SCHEMAS: dict[str, Any] = openapi()["components"]["schemas"]
NUMBERS = [f"00100101{unit:02X}" for unit in range(1, 6)]
KNOWN = [
    *NUMBERS,
    *SHAPES,
    *CounterRule,
    "001001",
    "lose-reply-1",
    "remaining",
    "clock",
    "forced_mode",
    "1",
    "2",
    "flat",
]
TIMES = [
    "2021-12-27T16:00:00Z",
    "2022-01-01T00:00:00+08:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
]

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*KNOWN, *TIMES]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
REQUESTS_MAX = 6


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What fits a schema, more or less."""
    if "$ref" in schema:
        return values(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([values(each) for each in schema["anyOf"]])
    match schema.get("type"):
        case "object":
            return st.fixed_dictionaries(
                {}, optional={key: nearly(each) for key, each in schema.get("properties", {}).items()}
            )
        case "array":
            return st.lists(nearly(schema.get("items", {})), max_size=4)
        case "integer":
            return st.integers(0, 300) | st.integers(-(2**70), 2**70)
        case "number":
            return st.floats(0, 1e6) | st.sampled_from([-1.0, 1e9, 4e9, 1e300]) | st.floats()
        case "boolean":
            return st.booleans()
        case "string":
            return st.sampled_from([*KNOWN, *TIMES]) | st.text(max_size=12)
        case _:
            return st.none()


def nearly(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 19).flatmap(lambda dice: JUNK if dice == 0 else values(schema))


def fault_rows() -> Iterator[dict[str, Any]]:
    """One of every kind, as the handbook shows it, at a place of the farm here."""
    page = Path(__file__).parents[3] / "docs" / "test-developers.md"
    for words in re.findall(r"^\|.*\| `(kind=[^`]+)` \|$", page.read_text("utf-8"), re.MULTILINE):
        rule = fault_from_words(words)
        row = {key.name: getattr(rule, key.name) for key in fields(rule)}
        yield {
            key: value for key, value in row.items() if value is not None and key not in {"gateway", "port"}
        }


FAULTS = list(fault_rows())
EXTREMES = st.sampled_from([-(10**9), -1, 1, 0xFFFF, 0x7FFF_FFFF, 10**9, 1e9, -1e9, 1e-9])


@st.composite
def fault_bodies(draw: Callable[[st.SearchStrategy[Any]], Any]) -> dict[str, Any]:
    row = dict(draw(st.sampled_from(FAULTS)))
    if "meter" in row:
        row["meter"] = draw(st.sampled_from(NUMBERS))
    numbers = [key for key, value in row.items() if isinstance(value, int | float) and key != "probability"]
    return row | {key: draw(EXTREMES) for key in numbers if draw(st.booleans())}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in openapi()["paths"].items():
        for method, described in methods.items():
            yield method.upper(), path, described


LOOKS = [each for each in operations() if each[0] == "GET"]
CHANGES = [each for each in operations() if each[0] != "GET"]


@st.composite
def requests(draw: Callable[[st.SearchStrategy[Any]], Any]) -> tuple[str, str, dict[str, str], bytes]:
    method, path, described = draw(
        st.sampled_from(LOOKS) | st.sampled_from(CHANGES) | st.sampled_from(CHANGES)
    )
    query = {}
    for parameter in described["parameters"]:
        value = draw(
            st.sampled_from(KNOWN) | st.text(max_size=6)
            if parameter["in"] == "path"
            else nearly(parameter["schema"])
        )
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", quote(value, safe=""))
        elif parameter["required"] or draw(st.booleans()):
            query[parameter["name"]] = str(value)
    body = b""
    if "requestBody" in described:
        schema = described["requestBody"]["content"]["application/json"]["schema"]
        objects = nearly(schema)
        if path == "/faults":
            objects |= fault_bodies()
        body = draw(objects.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=20))
    return method, path, query, body


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@settings(max_examples=400)
@given(asked=st.lists(requests(), min_size=1, max_size=REQUESTS_MAX), speed=st.sampled_from([0, 0, 1]))
def test_no_request_causes_a_server_error(
    runner: asyncio.Runner, master_of: Any, asked: list[Any], speed: int
) -> None:
    start = master_of().clock.now()
    master = master_of({"start": '{ remaining = "41.25" }'}, {"model": '"ADW300"'}, {"model": '"水表"'}, {"model": '"ARTU"'}, {"model": '"WHD"'}, clock=ScaledClock(start, speed))  # fmt: skip
    runner.run(_ask_all(master, asked))


async def _ask_all(master: Any, asked: list[Any]) -> None:
    app = build_app(ControlContext(master.farm, (), Numbering(master.farm.journal)))
    async with httpx.AsyncClient(base_url="http://farm", transport=httpx.ASGITransport(app)) as http:
        for method, path, query, body in asked:
            answer = await http.request(method, path, params=query, content=body)
            assert answer.status_code < 500
            if answer.status_code >= 400:
                assert answer.json()["expected"]
            for number in NUMBERS:
                for block in master.farm.view(number).profile.blocks:
                    master.ask(read_holding(block.start, min(block.count, 125)), int(number[8:], 16))
            master.ask(vendor.encode_request(vendor.TopUp(100, 1)))
