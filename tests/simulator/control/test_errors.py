"""Every refused request is answered with one JSON object that names the key and what was expected."""

from typing import Any

import pytest

from prewatt_simulator.control.app import BODY_BYTES_MAX

pytestmark = pytest.mark.anyio
METER = "0010010101"


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        ("/clock/advance", b'{"seconds": 1, "seconds": 2}', "seconds"),
        ("/faults", b'{"kind": "lose-reply", "kind": "exception"}', "kind"),
        ("/clock/advance", b"[" * 30_000, "body"),
        ("/clock/advance", b'{"seconds": NaN}', "body"),
        ("/clock/advance", b'{"seconds": 1e999}', "seconds"),
    ],
)
async def test_json_of_which_parsers_disagree(api: Any, path: str, body: bytes, key: str) -> None:
    answer = await api.http.post(path, content=body)
    assert (answer.status_code, answer.json()["key"]) == (422, key)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "key"),
    [
        ("GET", "/nowhere", None, 404, "path"),
        ("GET", "/meters/0099990101", None, 404, "number"),
        ("GET", "/meters/0099990101/load", None, 404, "number"),
        ("GET", "/meters/0099990101/registers?address=0", None, 404, "number"),
        ("GET", "/meters/0099990101/measurements", None, 404, "number"),
        ("GET", "/faults/none", None, 404, "name"),
        ("PUT", "/farm", {}, 405, "path"),
        ("POST", "/journal", {}, 405, "path"),
        ("GET", f"/meters/{METER}/registers", None, 422, "address"),
        ("GET", f"/meters/{METER}/registers?address=70000", None, 422, "address"),
        ("GET", f"/meters/{METER}/registers?address=0xZZ", None, 422, "address"),
        ("GET", f"/meters/{METER}/registers?address=0&count=126", None, 422, "count"),
        ("GET", f"/meters/{METER}/registers?address=0x7000", None, 422, "address"),
        ("PUT", f"/meters/{METER}/registers", {"address": 0, "registers": []}, 422, "registers"),
        ("PUT", f"/meters/{METER}/registers", {"address": 0, "registers": [65536]}, 422, "registers.0"),
        ("GET", "/farm?verbose=1", None, 422, "verbose"),
        ("GET", "/meters?kind=toaster", None, 422, "kind"),
        ("POST", "/faults/reset", {"now": True}, 422, "body"),
        ("POST", "/farm/reset", {"meters": 1}, 422, "meters"),
        ("POST", "/farm/reset", [], 422, "body"),
        ("PUT", "/clock/speed", {"speed": 1e9}, 422, "speed"),
        ("PATCH", f"/meters/{METER}", {"counter_rule": "any"}, 422, "counter_rule"),
        ("PATCH", f"/meters/{METER}", {"remaining_fen": 1}, 422, "remaining_fen"),
        ("PATCH", f"/meters/{METER}", {"battery_low": True}, 422, "battery_low"),
        ("PATCH", "/meters/0010010103", {"battery_low": True, "counter_rule": "next"}, 422, "counter_rule"),
        ("POST", "/faults", {"kind": "lose-reply", "function": 999}, 422, "function"),
        ("POST", "/faults", {"kind": "lose-reply", "register": 99_999_999}, 422, "register"),
        ("PUT", f"/meters/{METER}/load", {"shape": "flat", "centikwh_per_day": -1}, 422, "centikwh_per_day"),
        ("POST", "/meters/0010010102/press-key", None, 409, "number"),
        ("POST", f"/meters/{METER}/reverse-flow", {"litres": 1}, 404, "number"),
        ("POST", "/meters/0010010103/reverse-flow", {"litres": 0}, 422, "litres"),
        ("PUT", "/meters/0010010105/sensors/9", {"faulty": True}, 404, "channel"),
        ("PUT", "/meters/0010010104/contacts/1", {"closed": "yes"}, 422, "closed"),
        ("PUT", "/meters/0010010105/air/1", {"temperature_decicelsius": 20}, 422, "humidity_permille"),
    ],
)
async def test_a_problem_names_the_key(
    api: Any, method: str, path: str, body: Any, status: int, key: str
) -> None:
    answer = await api.http.request(method, path, json=body)
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["key"]) == (status, status, key)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["expected"]
    assert problem["title"]


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b'{"seconds": NaN}', b"null", b"[" * 50_000, b'"seconds"']
)
async def test_a_body_that_is_no_object_is_refused(api: Any, body: bytes) -> None:
    answer = await api.http.post("/clock/advance", content=body)
    assert answer.status_code == 422
    assert answer.json()["expected"]


async def test_a_body_above_the_size_limit_is_refused(api: Any) -> None:
    answer = await api.http.post("/faults", content=b" " * (BODY_BYTES_MAX + 1))
    assert (answer.status_code, answer.json()["key"]) == (413, "body")


async def test_a_wrong_method_is_405_with_the_allowed_ones(api: Any) -> None:
    answer = await api.http.request("PUT", "/faults")
    assert set(answer.headers["allow"].replace(" ", "").split(",")) >= {"GET", "POST", "DELETE"}
