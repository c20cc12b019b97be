"""Malformed and too large requests are refused before anything runs, with a code and a request id."""

import asyncio
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from prewatt_graphql.limit_values import BODY_BYTES_MAX, DEPTH_MAX, TOKENS_MAX

pytestmark = pytest.mark.anyio

VIEWER = {"query": "{ viewer { name } }"}


def told(answer: httpx.Response) -> str:
    """The code of an answer that is one error, after looking at its shape."""
    (error,) = answer.json()["errors"]
    assert error["message"]
    assert error["extensions"]["requestId"] == answer.headers["X-Request-Id"]
    code: str = error["extensions"]["code"]
    return code


class TestTransport:
    async def test_a_valid_request(self, admin: Any) -> None:
        answer = await admin.post(json=VIEWER)
        assert (answer.status_code, answer.json()) == (
            200,
            {"data": {"viewer": {"name": "administrator-000"}}},
        )
        assert len(answer.headers["X-Request-Id"]) == 32

    async def test_no_redirect_repeats_the_host_of_a_request(self, admin: Any) -> None:
        async with httpx.AsyncClient(verify=False) as client:
            answer = await client.post(f"{admin.url}/", json=VIEWER, headers={"Host": "evil.example"})
        assert (answer.status_code, answer.headers.get("location")) == (404, None)

    @pytest.mark.parametrize("query", ["{viewer{name}}", "mutation{signOut{errors{code}}}", None])
    async def test_get_is_refused(self, admin: Any, query: str | None) -> None:
        async with httpx.AsyncClient(verify=False) as client:
            answer = await client.get(
                admin.url, params={"query": query} if query else {}, headers=admin.headers
            )
        assert (answer.status_code, told(answer)) == (405, "BAD_INPUT")
        assert (await admin.data("{ viewer { name } }"))["viewer"] is not None, "nobody was signed out"

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
    async def test_other_methods_are_refused(self, admin: Any, method: str) -> None:
        async with httpx.AsyncClient(verify=False) as client:
            answer = await client.request(method, admin.url, json=VIEWER, headers=admin.headers)
        assert answer.status_code == 405

    async def test_batches_are_refused(self, admin: Any) -> None:
        answer = await admin.post(json=[VIEWER, VIEWER])
        assert (answer.status_code, told(answer)) == (400, "BAD_INPUT")

    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
    )
    async def test_only_json_is_accepted(self, admin: Any, kind: str) -> None:
        answer = await admin.post(content=b'{"query": "{ viewer { name } }"}', headers={"Content-Type": kind})
        assert (answer.status_code, told(answer)) == (400, "BAD_INPUT")

    async def test_uploads_are_refused(self, admin: Any) -> None:
        answer = await admin.post(
            data={"operations": '{"query": "{ viewer { name } }"}', "map": "{}"}, files={"0": b"x"}
        )
        assert (answer.status_code, told(answer)) == (400, "BAD_INPUT")

    @pytest.mark.parametrize(
        "body",
        [
            b"", b"{", b"nonsense", b"null", b"5", b'"text"', b"\xff\xfe", b"{}", b'{"query": null}', b'{"query": ""}',
            b'{"query": 5}', b'{"query": ["{viewer{name}}"]}', b'{"query": "{viewer{name}}", "variables": "x"}',
            b'{"query": "{viewer{name}}", "variables": [1]}', b'{"query": "{viewer{name}}", "variables": {"x": NaN}}',
            b'{"query": "{viewer{name}}", "variables": {"x": -Infinity}}', b'{"query": "{viewer{name}}", "extensions": 1}',
            b"[" * 100_000, b'{"a":' * 30_000, b'{"query": "fragment a on Viewer { name }"}',
        ],
    )  # fmt: skip
    async def test_malformed_bodies(self, admin: Any, body: bytes) -> None:
        answer = await admin.post(content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, told(answer)) == (400, "BAD_INPUT")

    async def test_an_unknown_operation_name(self, admin: Any) -> None:
        for name in ("b", 5, ["a"]):
            answer = await admin.post(json={"query": "query a { viewer { name } }", "operationName": name})
            assert (answer.status_code, told(answer)) == (400, "BAD_INPUT")

    async def test_a_subscription_does_not_run_over_post(self, admin: Any) -> None:
        answer = await admin.post(json={"query": "subscription { readingAdded(meters: []) { meterNumber } }"})
        assert (answer.status_code, told(answer)) == (400, "BAD_INPUT")

    async def test_the_body_at_the_limit_and_one_byte_more(self, admin: Any) -> None:
        head, tail = b'{"query": "{ viewer { name } }', b'"}'
        full = head + b" " * (BODY_BYTES_MAX - len(head) - len(tail)) + tail
        answer = await admin.post(content=full, headers={"Content-Type": "application/json"})
        assert answer.json()["data"]["viewer"] is not None
        answer = await admin.post(content=full + b" ", headers={"Content-Type": "application/json"})
        assert (answer.status_code, told(answer)) == (413, "LIMIT_EXCEEDED")

    async def test_a_body_without_content_length_is_limited_too(self, admin: Any) -> None:
        async def endless() -> Any:
            for _ in range(BODY_BYTES_MAX // 1024 + 2):
                yield b" " * 1024

        answer = await admin.post(content=endless(), headers={"Content-Type": "application/json"})
        assert (answer.status_code, told(answer)) == (413, "LIMIT_EXCEEDED")

    async def test_a_client_that_disconnects_is_not_logged(self, admin: Any) -> None:
        host, port = admin.live.url.removeprefix("http://").split(":")
        with capture_logs() as logs:
            _, writer = await asyncio.open_connection(host, int(port))
            head = f"POST /graphql HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{{"
            writer.write(head.encode())
            await writer.drain()
            writer.transport.abort()
            assert (await admin.data("{ viewer { name } }"))["viewer"] is not None
        assert logs == []

    async def test_there_is_no_page_for_browsers(self, admin: Any) -> None:
        async with httpx.AsyncClient(verify=False) as client:
            answer = await client.get(admin.url, headers={"Accept": "text/html"})
        assert answer.status_code == 405
        assert "<html" not in answer.text.lower()

    async def test_an_unknown_path(self, admin: Any) -> None:
        async with httpx.AsyncClient(verify=False) as client:
            assert (await client.get(f"{admin.live.url}/nothing")).status_code == 404


class TestDocuments:
    async def test_tokens_at_the_limit_and_one_more(self, admin: Any) -> None:
        # everything but the elements of the list is 16 tokens
        listed = "{{ meters(filter: {{area: [{}]}}) {{ totalCount }} }}"
        assert (await admin.data(listed.format('"x" ' * (TOKENS_MAX - 16))))["meters"] is not None
        assert await admin.code(listed.format('"x" ' * (TOKENS_MAX - 15))) == "LIMIT_EXCEEDED"

    async def test_a_field_repeated_many_times_is_refused(self, admin: Any) -> None:
        assert await admin.code("{ viewer { " + "name " * 900 + "} }") == "LIMIT_EXCEEDED"

    async def test_many_directives_stop_in_the_parser(self, admin: Any) -> None:
        assert await admin.code("{ viewer " + "@include(if: true) " * 2000 + "{ name } }") == "LIMIT_EXCEEDED"

    @pytest.mark.parametrize(
        "document",
        [
            "{ " + " ".join(f"a{n}: viewer {{ name }}" for n in range(16)) + " }",
            "{ meters { edges { node { readings(from: \"2026-01-01T00:00:00Z\", to: \"2026-01-02T00:00:00Z\") { times } } } } }",
            "mutation { a: signOut { errors { code } } b: signOut { errors { code } } }",
            "{ viewer { " + "{ " * (DEPTH_MAX + 300),
        ],
    )  # fmt: skip
    async def test_limits_hold_over_http(self, admin: Any, document: str) -> None:
        assert await admin.code(document) in {"LIMIT_EXCEEDED", "BAD_INPUT"}
        assert (await admin.data("{ viewer { name } }"))["viewer"] is not None, "nobody was signed out"

    async def test_two_mutations_in_one_document_name_the_limit(self, admin: Any) -> None:
        document = "mutation { a: signOut { errors { code } } b: signOut { errors { code } } }"
        assert await admin.code(document) == "LIMIT_EXCEEDED"

    async def test_guessing_passwords_by_alias_is_refused(self, stack: Any) -> None:
        guess = '{}: signIn(input: {{name: "administrator-000", password: "{}"}}) {{ token }}'
        document = "mutation { " + " ".join(guess.format(f"a{n}", n) for n in range(2)) + " }"
        assert await stack.nobody.code(document) == "LIMIT_EXCEEDED"

    @pytest.mark.parametrize(
        "query", ["{ __schema { types { name } } }", '{ __type(name: "Meter") { name } }']
    )
    async def test_introspection_is_off(self, admin: Any, query: str) -> None:
        answer = await admin.ask(query)
        assert answer["data"] is None
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_INPUT"}

    async def test_no_field_is_suggested(self, admin: Any) -> None:
        for query in (
            "{ viewr { name } }",
            '{ meter(numbr: "x") { numbe } }',
            "{ meters(filter: {lst: true}) { totalCount } }",
        ):
            answer = await admin.ask(query)
            assert "you mean" not in str(answer["errors"])
        answer = await admin.ask(
            "query($f: MeterFilter) { meters(filter: $f) { totalCount } }", f={"relay": "OPENED"}
        )
        assert "you mean" not in str(answer["errors"])

    @pytest.mark.parametrize(
        ("query", "variables"),
        [
            ("query($n: Int!) { meters(first: $n) { totalCount } }", {}),
            ("query($n: Int!) { meters(first: $n) { totalCount } }", {"n": "x"}),
            ("query($n: Int!) { meters(first: $n) { totalCount } }", {"n": 2**31}),
            ("query($n: Int) { meters(first: $n) { totalCount } }", {"n": 5}),
            ("query($n: Int = 5) { meters(first: $n) { totalCount } }", {"n": None}),
            ("query($f: MeterFilter) { meters(filter: $f) { totalCount } }", {"f": {"nothing": 1}}),
            ("query($f: MeterFilter) { meters(filter: $f) { totalCount } }", {"f": {"relay": "AJAR"}}),
            ("{ meter { number } }", {}),
            ("{ meter(number: 5) { number } }", {}),
        ],
    )
    async def test_malformed_variables_and_arguments(self, admin: Any, query: str, variables: Any) -> None:
        answer = await admin.ask(query, **variables)
        if "errors" not in answer:  # a nullable variable may fill a place that has a default
            assert variables == {"n": 5}
            return
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_INPUT"}
