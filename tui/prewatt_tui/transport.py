"""Carries operations to one platform: requests over HTTP, subscriptions over a WebSocket.

It owns addresses, headers, time-outs and the translation of failures into `errors`; what an operation means
is left to the client. Nothing is ever sent twice from here.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import httpx
from gql import GraphQLRequest
from gql.transport.exceptions import (
    TransportConnectionFailed,
    TransportError,
    TransportProtocolError,
    TransportQueryError,
    TransportServerError,
)
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport
from websockets.exceptions import ConnectionClosed

from prewatt_tui.errors import (
    BadAddress,
    NoAnswer,
    NotThePlatform,
    Refused,
    SignedOut,
    TerminalError,
    Unreachable,
)
from prewatt_tui.language import tr
from prewatt_tui.models.values import Json
from prewatt_tui.operations import operation

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 15.0
PING_INTERVAL_S = 20.0

SIGNED_OUT_CODE = 4403
"""The platform closes a WebSocket with this when its credential is no longer good."""

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Credential:
    """Who asks, and in which project."""

    token: str
    project: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Headers of an HTTP request."""
        project = {} if self.project is None else {"X-Project": self.project}
        return {"Authorization": f"Bearer {self.token}", **project}

    @property
    def init_payload(self) -> dict[str, Any]:
        """What opens a WebSocket."""
        return {"authorization": f"Bearer {self.token}", "project": self.project}


class Transport:
    """Connection to the platform at `url`. `on_contact` is called after each attempt with its success."""

    def __init__(self, url: str, on_contact: Callable[[bool], None]) -> None:
        self.url = checked_address(url)
        self._on_contact = on_contact
        self._own_machine = _is_own_machine(self.url)
        self._http: HTTPXAsyncTransport | None = None

    async def ask(self, name: str, variables: Json, credential: Credential | None = None) -> Json:
        """The data of one query or mutation, or a TerminalError that says why there is none."""
        try:
            data = await self._ask(name, variables, credential)
        except (Unreachable, NotThePlatform):
            self._on_contact(False)
            raise
        except Refused:
            self._on_contact(True)
            raise
        self._on_contact(True)
        return data

    async def listen(self, name: str, variables: Json, credential: Credential) -> AsyncGenerator[Json, None]:
        """The data of each event of a subscription, on a socket of its own that closes with the iterator."""
        socket = WebsocketsTransport(
            f"{self.url.replace('http', 'ws', 1)}/graphql",
            init_payload=credential.init_payload,
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
            connect_timeout=CONNECT_TIMEOUT_S,
            ack_timeout=CONNECT_TIMEOUT_S,
            close_timeout=1,
            ping_interval=PING_INTERVAL_S,
            connect_args={"proxy": None} if self._own_machine else {},
        )
        try:
            await socket.connect()
            self._on_contact(True)
            async with aclosing(socket.subscribe(_request(name, variables))) as results:
                async for result in results:
                    yield self._data(result.data, result.errors)
        except TransportQueryError as error:
            raise _refused(error.errors or [{"message": str(error)}]) from error
        except (TransportError, TimeoutError, OSError) as error:
            if _closed_with(error) == SIGNED_OUT_CODE:
                raise SignedOut("UNAUTHENTICATED", tr("the session is over"), None) from error
            self._on_contact(False)
            raise NoAnswer(self.url, _why(error)) from error
        finally:
            await socket.close()

    async def close(self) -> None:
        """Let go of the connections."""
        if self._http is not None:
            await self._http.close()  # type: ignore[no-untyped-call]  # gql does not annotate it
            self._http = None

    async def _ask(self, name: str, variables: Json, credential: Credential | None) -> Json:
        if self._http is None:
            self._http = HTTPXAsyncTransport(
                f"{self.url}/graphql",
                timeout=httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
                trust_env=not self._own_machine,
            )
            await self._http.connect()  # type: ignore[no-untyped-call]  # gql does not annotate it
        headers = {} if credential is None else credential.headers
        try:
            result = await self._http.execute(_request(name, variables), extra_args={"headers": headers})
        except TransportConnectionFailed as error:
            cause = error.__cause__ or error
            lost = Unreachable if isinstance(cause, _NEVER_SENT) else NoAnswer
            raise lost(self.url, _why(cause)) from error
        except TransportServerError as error:
            raise self._strange_answer(error.code) from error
        except TransportProtocolError as error:
            raise NotThePlatform(self.url, tr("the answer is not GraphQL")) from error
        return self._data(result.data, result.errors)

    def _data(self, data: Any, errors: Any) -> Json:
        if errors:
            raise _refused(errors)
        if not isinstance(data, dict):
            raise NotThePlatform(self.url, tr("the answer holds no data"))
        return data

    def _strange_answer(self, status: int | None) -> TerminalError:
        if status is not None and status >= 500:
            return NoAnswer(self.url, tr("the server is in trouble (HTTP {status})", status=status))
        return NotThePlatform(self.url, f"it answers HTTP {status} at /graphql")


def checked_address(url: str) -> str:
    """The address of a platform without its path, or BadAddress."""
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise BadAddress(url) from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise BadAddress(url)
    return str(parsed).rstrip("/").removesuffix("/graphql").rstrip("/")


def _is_own_machine(url: str) -> bool:
    """Whether the platform runs here; a proxy from the environment is then not asked."""
    host = httpx.URL(url).host
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _request(name: str, variables: Json) -> GraphQLRequest:
    return GraphQLRequest(operation(name), variable_values=dict(variables), operation_name=name)


def _refused(errors: list[Any]) -> Refused:
    first: Json = errors[0] if isinstance(errors[0], dict) else {"message": str(errors[0])}
    extensions = first.get("extensions") or {}
    code = extensions.get("code", "UNKNOWN")
    kind = SignedOut if code == "UNAUTHENTICATED" else Refused
    return kind(code, first.get("message", tr("no reason given")), extensions.get("requestId"))


def _closed_with(error: BaseException | None) -> int | None:
    """The code with which the other end closed the WebSocket, if that is what happened."""
    while error is not None:
        if isinstance(error, ConnectionClosed):
            return None if error.rcvd is None else error.rcvd.code
        error = error.__cause__ or error.__context__
    return None


def _why(error: BaseException) -> str:
    """Text of the innermost cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or type(error).__name__
