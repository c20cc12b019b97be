"""Access check of the control API: `Host`, `Origin`, and the token where one is set.

A web page in the developer's own browser can reach loopback. It cannot choose its `Origin`, and a DNS name that was
rebound to loopback appears in `Host`, so both are compared with the names of this host.
"""

import hmac
from collections.abc import Collection
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from prewatt_simulator.control.problem import Problem

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class Guard:
    """ASGI middleware that answers 403 for a foreign `Host` or `Origin` and 401 without the token.

    `token` None: no token is required.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], token: str | None) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        problem = self._problem(Request(scope))
        answer = self._app if problem is None else problem.response()
        await answer(scope, receive, send)

    def _problem(self, request: Request) -> Problem | None:
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if _name(f"//{host}") not in self._hosts:
            return Problem(HTTPStatus.FORBIDDEN, "Host", f"a name of this host, not {host!r}")
        if origin is not None and _name(origin) not in self._hosts:
            return Problem(HTTPStatus.FORBIDDEN, "Origin", f"no other origin than this host, not {origin!r}")
        if self._token is not None and not _is_bearer(request, self._token):
            expected = "Bearer and the token that was announced at the start"
            return Problem(HTTPStatus.UNAUTHORIZED, "Authorization", expected)
        return None


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_bearer(request: Request, token: str) -> bool:
    # compared in constant time, so that the time of a refusal reveals nothing of the token
    given = request.headers.get("authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
