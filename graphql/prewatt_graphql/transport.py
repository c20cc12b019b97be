"""GraphQL over HTTP and WebSocket: checks of a request before it becomes an operation.

POST with a JSON object only; no GET, no batches, no uploads, no page for browsers. A refused request gets
GraphQL errors with a code and the request's id, like any other error.
"""

import json
from datetime import timedelta
from typing import Any, NoReturn

import structlog
from cross_web import HTTPException, StarletteRequestAdapter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.base import BaseRequestProtocol
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UnsetType

from prewatt_graphql.context import Context
from prewatt_graphql.errors import BadInput, LimitExceeded, top_level_error
from prewatt_graphql.limit_values import BODY_BYTES_MAX, CONNECTION_INIT_S_MAX
from prewatt_graphql.metrics import Metrics
from prewatt_graphql.schema import ApiSchema
from prewatt_graphql.socket import Socket
from prewatt_platform.app import Platform

_log = structlog.get_logger(__name__)


class LimitedBody(StarletteRequestAdapter):
    """Request adapter that stops reading a body at `BODY_BYTES_MAX`, so a large one is never held in memory."""

    async def get_body(self) -> bytes:
        body = bytearray()
        async for chunk in self._request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                raise HTTPException(413, f"a request has at most {BODY_BYTES_MAX} bytes")
        return bytes(body)


class Endpoint(GraphQL[Context, None]):
    """ASGI endpoint `/graphql`."""

    request_adapter_class = LimitedBody
    graphql_transport_ws_handler_class = Socket

    def __init__(self, schema: ApiSchema, platform: Platform, metrics: Metrics) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            allow_queries_via_get=False,
            multipart_uploads_enabled=False,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=CONNECTION_INIT_S_MAX),
            max_subscriptions_per_connection=None,  # `Socket` counts, and names the limit
            allowed_origins=platform.settings.allowed_origins.split(),
        )
        self.platform = platform
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.run(WebSocket(scope, receive=receive, send=send))
            return
        request = Request(scope, receive)
        request_id = self._request_id()
        request.state.request_id = request_id
        try:
            response = await self.run(request)
        except HTTPException as refused:
            code = LimitExceeded.code if refused.status_code == 413 else BadInput.code
            response = _refusal(refused.status_code, code, refused.reason, request_id)
        except ClientDisconnect:
            return
        except Exception as failure:
            _log.exception("request failed", request_id=request_id, exc_info=failure)
            response = _refusal(500, "INTERNAL", "something went wrong on our side", request_id)
        response.headers["X-Request-Id"] = request_id
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """Context of the caller. A WebSocket sends its credential later, in `connection_init`."""
        if isinstance(request, WebSocket):
            return Context(self.platform, self.metrics, self._request_id(), cached=False)
        context = Context(self.platform, self.metrics, request.state.request_id)
        await context.identify(request.headers.get("authorization"), request.headers.get("x-project"))
        return context

    async def on_ws_connect(self, context: Context) -> UnsetType:
        """Accept a connection with a valid credential; its project is fixed for its lifetime."""
        params = context.connection_params or {}
        authorization, project = params.get("authorization"), params.get("project")
        if not isinstance(authorization, str) or not isinstance(project, str | None):
            raise ConnectionRejectionError
        await context.identify(authorization, project)
        if context.operator is None:
            raise ConnectionRejectionError
        return UnsetType()

    def is_request_allowed(self, request: BaseRequestProtocol) -> bool:
        return request.method == "POST"

    def parse_json(self, data: str | bytes) -> Any:
        """Parse the body. Raises `HTTPException` (400) for anything but an object: an array is a batch."""
        body = super().parse_json(data)
        if not isinstance(body, dict):
            raise HTTPException(400, "the body is one JSON object; batches are not taken")
        return body

    def decode_json(self, data: str | bytes) -> object:
        """Decode strict JSON: NaN, infinities and nesting beyond Python's recursion limit are refused."""
        try:
            return json.loads(data, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as wrong:
            raise json.JSONDecodeError("no JSON that we take", "", 0) from wrong

    def _request_id(self) -> str:
        return self.platform.new_id().hex


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON")


def _refusal(status: int, code: str, message: str, request_id: str) -> Response:
    return JSONResponse({"errors": [top_level_error(code, message, request_id)]}, status)
