"""One WebSocket connection: allowed operations, limits, and closing at the credential's end.

The credential is checked again every `CREDENTIAL_CHECK_S` while the connection lives. The connection closes within that
time after sign-out, or after the operator lost the project, and never later than the session's latest end.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final

import structlog
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    SubscribeMessage,
)

from prewatt_graphql.context import Context
from prewatt_graphql.errors import LimitExceeded, top_level_error
from prewatt_graphql.limit_values import SUBSCRIPTIONS_PER_SOCKET_MAX

_log = structlog.get_logger(__name__)

CREDENTIAL_CHECK_S: Final = 10.0
"""Seconds between checks of an open connection's credential."""

SIGNED_OUT_CODE: Final = 4403
"""Close code for a credential that is no longer valid (4403 is Forbidden in graphql-transport-ws)."""


class Socket(BaseGraphQLTransportWSHandler[Context, None]):
    """Handler of one graphql-transport-ws connection."""

    async def handle(self) -> None:
        self._watch: asyncio.Task[None] | None = None
        self.context.metrics.add("prewatt_sockets")
        try:
            await super().handle()
        finally:
            self.context.metrics.add("prewatt_sockets", -1)
            if self._watch is not None:
                self._watch.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._watch

    async def handle_message(self, message: Any) -> None:
        try:
            await super().handle_message(message)
        except (
            TypeError,
            AttributeError,
        ):  # strawberry assumes an object; valid JSON may be a list or a number
            await self.handle_invalid_message("Failed to parse message")

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        await super().handle_connection_init(message)
        if self.connection_acknowledged and self._watch is None:
            self._watch = asyncio.create_task(self._close_when_credential_ends())

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        # a known id is left to strawberry, which closes the connection as the protocol demands (4409)
        known = message["id"] in self.operations
        if (
            self.connection_acknowledged
            and not known
            and len(self.operations) >= SUBSCRIPTIONS_PER_SOCKET_MAX
        ):
            refused = f"a connection carries at most {SUBSCRIPTIONS_PER_SOCKET_MAX} subscriptions"
            error: Mapping[str, object] = top_level_error(
                LimitExceeded.code, refused, self.context.request_id
            )
            await self.websocket.send_json({"id": message["id"], "type": "error", "payload": [error]})
            return
        await super().handle_subscribe(message)

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        self.context.metrics.add("prewatt_subscriptions")
        try:
            await super().run_operation(operation)
        finally:
            self.context.metrics.add("prewatt_subscriptions", -1)

    async def _close_when_credential_ends(self) -> None:
        """Close the connection when its credential ends. A check that fails also closes it (fail closed)."""
        try:
            while await self.context.is_valid():
                await self.context.platform.clock.sleep(
                    min(CREDENTIAL_CHECK_S, max(0.0, self.context.expires_in_s))
                )
        except Exception:
            _log.exception(
                "the credential of a connection could not be checked", request_id=self.context.request_id
            )
        await self.websocket.close(SIGNED_OUT_CODE, "Signed out")
