"""Fixtures of the API tests: one live stack for each module that only reads, and clients for HTTP and WebSocket."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import structlog
import websockets
from argon2 import PasswordHasher
from websockets.asyncio.client import ClientConnection

from prewatt_platform.operators import passwords
from prewatt_platform.operators.models import Role

PROTOCOL = "graphql-transport-ws"
PATIENCE_S = 30.0


@pytest.fixture(autouse=True, scope="session")
def plain_tracebacks() -> None:
    """As `prewatt serve` logs them: the default draws frames and local variables, which takes seconds."""
    processors = structlog.get_config()["processors"][:-1]
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*processors, renderer])


@pytest.fixture(autouse=True, scope="module")
def quick_passwords() -> Iterator[None]:
    """Hashes that cost next to nothing: half of a test would be argon2. What it really costs is the operators' test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what tells nobody when it comes true."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.005)


@dataclass
class Client:
    """One operator at one API."""

    live: Any
    token: str | None
    project: str | None
    name: str = ""

    @property
    def url(self) -> str:
        return f"{self.live.url}/graphql"

    @property
    def headers(self) -> dict[str, str]:
        headers = {}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.project is not None:
            headers["X-Project"] = self.project
        return headers

    async def post(self, **request: Any) -> httpx.Response:
        """A raw POST to /graphql with this operator's headers."""
        headers = {**self.headers, **request.pop("headers", {})}
        async with httpx.AsyncClient(timeout=PATIENCE_S, verify=False) as client:
            return await client.post(self.url, headers=headers, **request)

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole JSON answer to a document."""
        answer = await self.post(json={"query": query, "variables": variables})
        found: dict[str, Any] = answer.json()
        return found

    async def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = await self.ask(query, **variables)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def code(self, query: str, **variables: Any) -> str:
        """The code of the only top-level error."""
        answer = await self.ask(query, **variables)
        (error,) = answer["errors"]
        assert len(error["extensions"]["requestId"]) == 32
        code: str = error["extensions"]["code"]
        return code

    @asynccontextmanager
    async def socket(self, *, ack: bool = True, **connect: Any) -> AsyncIterator["Socket"]:
        """A WebSocket connection, acknowledged unless told otherwise."""
        url = self.url.replace("http", "ws", 1)
        async with websockets.connect(url, subprotocols=[PROTOCOL], **connect) as connection:  # type: ignore[list-item]  # a Subprotocol is a str
            socket = Socket(connection)
            if ack:
                await socket.init(self.headers.get("Authorization"), self.project)
            yield socket


@dataclass
class Socket:
    """graphql-transport-ws, spelled out."""

    connection: ClientConnection
    others: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            message: dict[str, Any] = json.loads(await self.connection.recv())
        return message

    async def init(self, authorization: str | None, project: str | None) -> None:
        payload = {"authorization": authorization, "project": project}
        await self.send(type="connection_init", payload={k: v for k, v in payload.items() if v is not None})
        assert (await self.receive())["type"] == "connection_ack"

    async def subscribe(self, query: str, operation: str = "1", **variables: Any) -> None:
        await self.send(type="subscribe", id=operation, payload={"query": query, "variables": variables})

    async def closed(self) -> tuple[int, str]:
        """Code and reason, once the other side has closed."""
        async with asyncio.timeout(PATIENCE_S):
            await self.connection.wait_closed()
        return self.connection.close_code or 0, self.connection.close_reason or ""


@dataclass
class Stack:
    """A deployment with its API."""

    live: Any
    tokens: dict[Role, str] = field(default_factory=dict)

    @property
    def deployment(self) -> Any:
        return self.live.deployment

    async def client(self, role: Role = Role.ADMINISTRATOR) -> Client:
        """An operator of that role in the deployment's project, signed in; the same one each time."""
        code = self.deployment.project.code
        if role not in self.tokens:
            self.tokens[role] = await self.deployment.operator(f"{role.value.lower()}-{code}", role)
        return Client(self.live, self.tokens[role], code)

    @property
    def nobody(self) -> Client:
        """Somebody without a credential."""
        return Client(self.live, None, None)


@pytest.fixture(scope="module")
async def stack(
    open_shared_deployment: Callable[..., Awaitable[Any]], open_shared_api: Callable[..., Awaitable[Any]]
) -> Stack:
    """Site `tiny`, read once. For tests that leave it as it is."""
    deployment = await open_shared_deployment("tiny", work="all")
    found = Stack(await open_shared_api(deployment))
    await deployment.read()
    return found


@pytest.fixture(scope="module")
async def admin(stack: Stack) -> Client:
    """An administrator of `stack`."""
    return await stack.client()


@pytest.fixture
async def own_stack(
    open_deployment: Callable[..., Awaitable[Any]], open_api: Callable[..., Awaitable[Any]]
) -> Callable[..., Awaitable[Stack]]:
    """Stacks of a test's own, each built by a call; what is named goes to the deployment."""

    async def build(site: Any = "tiny", *, work: str | None = "all", **deployment: Any) -> Stack:
        return Stack(await open_api(await open_deployment(site, work=work, **deployment)))

    return build


@pytest.fixture(name="until")
def until_fixture() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Waits for a condition."""
    return until


@pytest.fixture(scope="session")
def client_of() -> type[Client]:
    """Makes a client of an API, a token and a project."""
    return Client
