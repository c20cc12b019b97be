"""The control API on a port, in the event loop that the farm runs in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prewatt_fixtures.endpoints import Endpoint
from prewatt_fixtures.http_server import listener, serving
from prewatt_simulator.control.app import build_app
from prewatt_simulator.control.numbering import Numbering
from prewatt_simulator.control.operation import ControlContext
from prewatt_simulator.farm import Farm


@asynccontextmanager
async def controlling(
    farm: Farm, endpoints: tuple[Endpoint, ...] = (), *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[str]:
    """Answer for the length of the block; yields the URL. Port 0 takes a free one; `AddressUnusable`.

    `endpoints` is where the farm's buses are served, for clients to be told.
    """
    scene = ControlContext(farm, endpoints, Numbering(farm.journal))
    with listener(host, port) as bound:
        async with serving(build_app(scene), bound) as (url, _):
            yield url
