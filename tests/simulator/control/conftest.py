"""A farm with the control API, and a client of it; requests reach the application without a port."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from prewatt_fixtures.endpoints import Endpoint
from prewatt_fixtures.wire import vendor
from prewatt_simulator.control.app import build_app
from prewatt_simulator.control.numbering import Numbering
from prewatt_simulator.control.operation import ControlContext
from prewatt_simulator.farm import Farm

KINDS: tuple[dict[str, str], ...] = (
    {
        "start": '{ energy = "100.00", remaining = "41.25", purchase_count = 6, total_purchased = "300.00" }',
        "load": '{ shape = "flat", kwh_per_day = "24.00" }',
    },
    {"model": '"ADW300"', "load": '{ shape = "flat", kwh_per_day = "48.00" }'},
    {"model": '"水表"', "start": '{ volume = "12.345" }', "load": '{ m3_per_day = "2.400" }'},
    {"model": '"ARTU"'},
    {"model": '"WHD"'},
)


@dataclass
class ControlClient:
    """A client of the control API, with its farm and clock for comparison."""

    farm: Farm
    clock: Any
    master: Any
    http: httpx.AsyncClient
    endpoints: tuple[Endpoint, ...]

    async def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """JSON of the answer, whose status must be `status`."""
        answer = await self.http.request(method, path, json=body)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str, body: Any = None, status: int = 422) -> tuple[str, str]:
        """Key and expectation of a problem."""
        problem = await self.ask(method, path, body, status)
        assert problem["status"] == status
        return problem["key"], problem["expected"]

    def top_up(self, count: int) -> None:
        """Top up the first meter on its bus."""
        self.master.ask(vendor.encode_request(vendor.TopUp(1000, count)))


@asynccontextmanager
async def _api(master: Any) -> AsyncIterator[ControlClient]:
    async with master.farm.serving() as endpoints:
        app = build_app(ControlContext(master.farm, endpoints, Numbering(master.farm.journal)))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(base_url="http://farm", transport=transport) as http:
            yield ControlClient(master.farm, master.clock, master, http, endpoints)


@pytest.fixture
def api_of() -> Callable[[Any], Any]:
    """A context manager: the control API of the farm of a `BusMaster`."""
    return _api


@pytest.fixture
async def api(master_of: Any) -> AsyncIterator[ControlClient]:
    """The control API of a farm with a device of every kind, on a manual clock."""
    async with _api(master_of(*KINDS)) as api:
        yield api
