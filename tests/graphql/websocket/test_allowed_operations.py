"""WebSocket connections: who may open one, which operations run, how many."""

from typing import Any

import pytest
import websockets

from prewatt_graphql import transport
from prewatt_graphql.limit_values import METERS_LISTENED_MAX, SUBSCRIPTIONS_PER_SOCKET_MAX
from prewatt_platform.kernel.settings import Settings

pytestmark = pytest.mark.anyio

LISTEN = "subscription($meters: [String!]!) { readingAdded(meters: $meters) { meterNumber reading { at } } }"
METER = "0000010101"


def code(message: dict[str, Any]) -> str:
    (error,) = message["payload"]
    assert len(error["extensions"]["requestId"]) == 32
    found: str = error["extensions"]["code"]
    return found


class TestOpening:
    async def test_a_page_of_another_origin_is_refused(self, admin: Any) -> None:
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with admin.socket(origin="https://evil.example"):
                pass
        assert refused.value.response.status_code == 403

    async def test_own_origin_and_no_origin_are_accepted(self, admin: Any) -> None:
        async with admin.socket(origin=admin.live.url), admin.socket():
            pass

    async def test_a_configured_origin_is_accepted(self, own_stack: Any) -> None:
        settings = Settings(allowed_origins="https://a.example https://b.example:8443")
        admin = await (await own_stack(work="api", settings=settings)).client()
        async with admin.socket(origin="https://a.example"), admin.socket(origin="https://b.example:8443"):
            pass
        with pytest.raises(websockets.InvalidStatus):
            async with admin.socket(origin="https://b.example"):
                pass

    async def test_only_the_current_protocol_is_spoken(self, admin: Any) -> None:
        url = admin.url.replace("http", "ws", 1)
        async with websockets.connect(url, subprotocols=["graphql-ws"]) as connection:  # type: ignore[list-item]  # a Subprotocol is a str
            await connection.wait_closed()
            assert connection.close_code == 4406

    @pytest.mark.parametrize(
        "payload",
        [
            None, {}, {"authorization": "Bearer nonsense"}, {"authorization": 5}, {"authorization": None}, "text", [],
            {"authorization": "Bearer nonsense", "project": "000"},
        ],
    )  # fmt: skip
    async def test_closed_without_a_valid_credential(self, stack: Any, payload: Any) -> None:
        async with stack.nobody.socket(ack=False) as socket:
            await socket.send(type="connection_init", payload=payload)
            assert (await socket.closed())[0] in {4400, 4403}

    async def test_closed_without_connection_init(
        self, own_stack: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transport, "CONNECTION_INIT_S_MAX", 0.05)
        stack = await own_stack(work="api")
        async with stack.nobody.socket(ack=False) as socket:
            assert (await socket.closed())[0] == 4408

    async def test_nothing_runs_before_connection_init(self, stack: Any) -> None:
        async with stack.nobody.socket(ack=False) as socket:
            await socket.subscribe(LISTEN, meters=[METER])
            assert (await socket.closed())[0] == 4401

    async def test_an_unknown_project_behaves_like_none(self, admin: Any) -> None:
        told = []
        for project in ("999", None):
            async with admin.socket(ack=False) as socket:
                await socket.init(f"Bearer {admin.token}", project)
                await socket.subscribe(LISTEN, meters=[METER])
                message = await socket.receive()
                assert code(message) == "PROJECT_REQUIRED"
                told.append((message["type"], message["payload"][0]["message"]))
        assert told[0] == told[1]


class TestOperations:
    @pytest.mark.parametrize("query", ["{ viewer { name } }", "mutation { signOut { errors { code } } }"])
    async def test_only_subscriptions_run(self, admin: Any, query: str) -> None:
        async with admin.socket() as socket:
            await socket.subscribe(query)
            message = await socket.receive()
            assert (message["type"], message["id"], code(message)) == ("error", "1", "BAD_INPUT")
        assert (await admin.data("{ viewer { name } }"))["viewer"] is not None, "nobody was signed out"

    @pytest.mark.parametrize(
        "query", ["subscription {", "{", "", "subscription { nothing }", "fragment a on Meter { id }"]
    )
    async def test_malformed_documents_do_not_close_it(self, admin: Any, query: str) -> None:
        async with admin.socket() as socket:
            await socket.subscribe(query)
            assert code(await socket.receive()) == "BAD_INPUT"
            await socket.send(type="ping")
            assert (await socket.receive())["type"] == "pong"

    async def test_document_limits_apply(self, admin: Any) -> None:
        aliases = " ".join(f"a{n}: meterNumber" for n in range(16))
        async with admin.socket() as socket:
            await socket.subscribe(f'subscription {{ readingAdded(meters: ["{METER}"]) {{ {aliases} }} }}')
            assert code(await socket.receive()) == "LIMIT_EXCEEDED"

    async def test_an_eleventh_subscription_is_refused(self, admin: Any) -> None:
        async with admin.socket() as socket:
            for number in range(SUBSCRIPTIONS_PER_SOCKET_MAX + 1):
                await socket.subscribe(LISTEN, str(number), meters=[METER])
            message = await socket.receive()
            assert (message["id"], code(message)) == (str(SUBSCRIPTIONS_PER_SOCKET_MAX), "LIMIT_EXCEEDED")
            await socket.send(type="complete", id="0")
            await socket.subscribe(LISTEN, "again", meters=[METER])
            await socket.send(type="ping")
            assert (await socket.receive())["type"] == "pong", "room was made, so nothing was refused"

    @pytest.mark.parametrize(
        "meters", [[], [METER] * (METERS_LISTENED_MAX + 1), ["9999999999"], [METER, "x"]]
    )
    async def test_invalid_meters_are_refused(self, admin: Any, meters: list[str]) -> None:
        async with admin.socket() as socket:
            await socket.subscribe(LISTEN, meters=meters)
            message = await socket.receive()
            errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
            assert [error["extensions"]["code"] for error in errors] == ["BAD_INPUT"]

    @pytest.mark.parametrize("ident", ["", "x", "TWV0ZXI6MDAwOjE"])
    async def test_an_unknown_command(self, admin: Any, ident: str) -> None:
        async with admin.socket() as socket:
            await socket.subscribe("subscription($id: ID!) { commandProgress(id: $id) { state } }", id=ident)
            message = await socket.receive()
            errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
            assert [error["extensions"]["code"] for error in errors] == ["BAD_INPUT"]


class TestMessages:
    @pytest.mark.parametrize(
        "raw",
        [
            "", "{", "nonsense", "5", "null", "[]", '"text"', "{}", '{"type": 5}', '{"type": "nothing"}',
            '{"type": "subscribe"}', '{"type": "subscribe", "id": "1"}', '{"type": "subscribe", "id": "1", "payload": "x"}',
            '{"type": "subscribe", "id": {}, "payload": {"query": "x"}}', '{"type": "complete"}',
            '{"type": "connection_init"}', "[" * 50_000,
        ],
    )  # fmt: skip
    async def test_malformed_messages_close_only_their_own_connection(self, admin: Any, raw: str) -> None:
        async with admin.socket() as other, admin.socket() as socket:
            await socket.connection.send(raw)
            assert 4400 <= (await socket.closed())[0] <= 4499
            await other.send(type="ping")
            assert (await other.receive())["type"] == "pong"

    async def test_binary_is_refused(self, admin: Any) -> None:
        async with admin.socket() as socket:
            await socket.connection.send(b"{}")
            assert (await socket.closed())[0] == 4400

    async def test_a_message_above_the_body_limit(self, admin: Any) -> None:
        async with admin.socket() as socket:
            await socket.connection.send(" " * 300 * 1024)
            assert (await socket.closed())[0] == 1009

    async def test_a_duplicate_subscription_id(self, admin: Any) -> None:
        async with admin.socket() as socket:
            await socket.subscribe(LISTEN, "1", meters=[METER])
            await socket.subscribe(LISTEN, "1", meters=[METER])
            assert (await socket.closed())[0] == 4409
