"""Serves the control API on a port, in the farm's event loop."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prewatt_fixtures.endpoints import Endpoint
from prewatt_fixtures.http_server import listener, serving
from prewatt_simulator.control.app import build_app
from prewatt_simulator.control.guard import LOOPBACK, Guard
from prewatt_simulator.control.numbering import Numbering
from prewatt_simulator.control.operation import ControlContext
from prewatt_simulator.farm import Farm


@asynccontextmanager
async def controlling(
    farm: Farm,
    endpoints: tuple[Endpoint, ...] = (),
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
) -> AsyncIterator[str]:
    """Serve the control API during the block; yields its URL. Port 0 takes a free one.

    `endpoints` are the farm's listeners, for `GET /farm`. Raises `AddressUnusable`, and `ValueError` for a host beyond
    loopback without a token.
    """
    if host not in LOOPBACK and token is None:
        raise ValueError(f"a token is needed to answer on {host}")
    context = ControlContext(farm, endpoints, Numbering(farm.journal))
    names = LOOPBACK if host in LOOPBACK else {*LOOPBACK, host, *_own_names()}
    app = Guard(build_app(context), names, token)
    with listener(host, port) as bound:
        async with serving(app, bound) as (url, _):
            yield url


def _own_names() -> set[str]:
    """Names and addresses of this machine, as other machines put them into `Host`."""
    name = socket.gethostname()
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(name, None)}
    except OSError:
        addresses = set()
    return {name.lower(), socket.getfqdn().lower(), *addresses}
