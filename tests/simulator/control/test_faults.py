"""Fault rules over HTTP, with the same keys as in a site file."""

from dataclasses import fields
from typing import Any

import pytest

from prewatt_simulator.control.faults import FaultBody
from prewatt_simulator.faults import Fault, FaultKind

pytestmark = pytest.mark.anyio
METER = "0010010101"


def test_a_body_has_the_keys_of_a_fault() -> None:
    assert set(FaultBody.model_fields) == {key.name for key in fields(Fault)}


async def test_a_hit_is_counted_and_recorded_in_the_journal(api: Any) -> None:
    rule = {"kind": "exception", "meter": METER, "function": 0x20, "code": 6, "count": 1}
    added = await api.ask("POST", "/faults", rule, 201)
    assert added == {"name": "exception-1", "fired": 0, "rule": rule}
    api.top_up(7)
    assert (await api.ask("GET", "/faults/exception-1"))["fired"] == 1
    (entry,) = (await api.ask("GET", "/journal"))["entries"]
    assert (entry["fault"], entry["reply_text"]) == ("exception-1", "exception 06 busy")


async def test_rules_are_listed_removed_and_cleared(api: Any) -> None:
    for kind in ("lose-reply", "lose-request", "flip-bit"):
        await api.ask("POST", "/faults", {"kind": kind, "probability": 0.5}, 201)
    await api.ask("DELETE", "/faults/lose-request-2", status=204)
    listed = (await api.ask("GET", "/faults"))["faults"]
    assert [each["name"] for each in listed] == ["lose-reply-1", "flip-bit-3"]
    assert listed[0]["rule"] == {"kind": "lose-reply", "probability": 0.5}
    await api.ask("DELETE", "/faults", status=204)
    assert (await api.ask("GET", "/faults"))["faults"] == []
    for method in ("GET", "DELETE"):
        assert (await api.refused(method, "/faults/lose-reply-1", status=404))[0] == "name"


async def test_reset_restores_the_rules_of_the_start(api_of: Any, master_of: Any) -> None:
    master = master_of({}, site='[[faults]]\nkind = "lose-reply"\nuntil = 2021-12-27T16:00:10Z\n')
    async with api_of(master) as api:
        await api.ask("DELETE", "/faults", status=204)
        await api.ask("POST", "/faults", {"kind": "flip-bit"}, 201)
        api.clock.advance(60)  # the window of the first is over: that is no reason to refuse it
        reset = await api.ask("POST", "/faults/reset")
        assert [each["name"] for each in reset["faults"]] == ["lose-reply-1"]


async def test_a_window_is_a_time_with_an_offset(api: Any) -> None:
    rule = {"kind": "lose-reply", "since": "2021-12-28T00:00:00+08:00", "until": "2021-12-28T01:00:00+08:00"}
    added = await api.ask("POST", "/faults", rule, 201)
    assert added["rule"]["until"] == "2021-12-28T01:00:00+08:00"


@pytest.mark.parametrize(
    ("rule", "key", "expected"),
    [
        ({}, "kind", "missing"),
        ({"kind": "explode"}, "kind", "'lose-request'"),
        ({"kind": "lose-reply", "metre": METER}, "metre", "no such key"),
        ({"kind": "lose-reply", "meter": "0099990101"}, "meter", "a meter of this farm"),
        ({"kind": "lose-reply", "gateway": "009999"}, "gateway", "a gateway of this farm"),
        ({"kind": "lose-reply", "count": "1"}, "count", "a whole number"),
        ({"kind": "lose-reply", "count": 0}, "count", "a number from 1"),
        ({"kind": "lose-reply", "probability": 2}, "probability", "at most 1"),
        ({"kind": "lose-reply", "delay_s": 1}, "delay_s", "for no other kind"),
        ({"kind": "delay-reply"}, "delay_s", "delay-reply needs it"),
        ({"kind": "delay-reply", "delay_s": 1e300}, "delay_s", "from 0 to 1000000000"),
        (
            {"kind": "jump-clock", "meter": METER, "jump_s": 1e300},
            "jump_s",
            "from -1000000000 to 1000000000 and not 0",
        ),
        ({"kind": "lose-reply", "since": "2021-12-27T15:00:00Z"}, "since", "after the farm's start"),
        ({"kind": "lose-reply", "since": "2022-01-01T00:00:00"}, "since", "with an offset"),
        ({"kind": "lose-reply", "since": 1640620800}, "since", "a time with an offset, such as"),
        ({"kind": "replace-meter", "meter": "0010010102"}, "meter", "a prepaid meter"),
    ],
)
async def test_a_rule_that_cannot_apply_is_refused(
    api: Any, rule: dict[str, Any], key: str, expected: str
) -> None:
    refused = await api.refused("POST", "/faults", rule)
    assert refused[0] == key
    assert expected in refused[1]
    assert not api.farm.faults.rules


async def test_a_window_that_is_over_is_refused(api: Any) -> None:
    api.clock.advance(3600)
    rule = {"kind": "lose-reply", "until": "2021-12-28T01:00:00+08:00"}
    key, expected = await api.refused("POST", "/faults", rule)
    assert key == "until"
    assert "after the farm's present (2021-12-27T17:00:00+00:00)" in expected


async def test_every_kind_is_in_the_schema(api: Any) -> None:
    described = (await api.ask("GET", "/openapi.json"))["components"]["schemas"]
    assert set(described["FaultKind"]["enum"]) == set(FaultKind)


async def test_functions_and_registers_may_be_hexadecimal(api: Any) -> None:
    rule = {"kind": "exception", "function": "0x03", "register": "0x0221", "code": "0x06"}
    added = await api.ask("POST", "/faults", rule, 201)
    assert added["rule"] == {"kind": "exception", "function": 3, "register": 0x0221, "code": 6}
    assert (await api.refused("POST", "/faults", rule | {"function": "0xg"}))[0] == "function"
    assert (await api.refused("POST", "/faults", rule | {"function": "3"}))[0] == "function"
    body = {"address": "0x57", "registers": [1, 1]}
    assert (await api.ask("PUT", "/meters/0010010101/registers", body))["address"] == 0x57
    assert (await api.ask("GET", "/journal?function=0x03"))["entries"] == []
