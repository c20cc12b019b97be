"""Shared fixtures of the simulator's tests: a farm on a manual clock, and a bus master that sends requests to it."""

import asyncio
import json
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from prewatt_fixtures.clock import ManualClock
from prewatt_fixtures.endpoints import Endpoint, Framing
from prewatt_fixtures.site import parse_site
from prewatt_fixtures.virtual import VirtualClock, VirtualLoop
from prewatt_fixtures.wire import vendor
from prewatt_fixtures.wire.pdu import read_holding, write_multiple
from prewatt_simulator.farm import Farm

MIDNIGHT_IN_SHANGHAI = datetime(2021, 12, 27, 16, tzinfo=UTC)

SITE = """
[project]
code = "001"
name = "bench"
[[gateways]]
number = "001001"
ports = [{ port = 1 }, { port = 2, baud = 1200, parity = "E" }]
"""

Meter = dict[str, str]
T = TypeVar("T")


def _meter_toml(unit: int, port: int, keys: Meter) -> str:
    bare = {"model": '"DDSY1352-NK/F"', "place": '"a shop"', "start": "{}", "load": "{}"}
    rows = bare | keys
    lines = [f'number = "001001{port:02X}{unit:02X}"', *(f"{key} = {value}" for key, value in rows.items())]
    return "\n".join(["[[meters]]", *lines, ""])


class JumpClock(ManualClock):
    """Jumps to the end of every wait, so that waiting takes no time and ends exactly when it should."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.advance(seconds)


class BusMaster:
    """One farm, its clock, and the requests of a master on its first bus."""

    def __init__(self, farm: Farm, clock: ManualClock) -> None:
        self.farm = farm
        self.clock = clock

    def ask(self, request: bytes, unit: int = 1) -> bytes | None:
        return self.farm.bus("001001").exchange(unit, request, self.clock.time())[0]

    def read_registers(self, address: int, count: int, unit: int = 1) -> tuple[int, ...]:
        reply = self.ask(read_holding(address, count), unit)
        assert reply is not None
        assert reply[:2] == bytes((3, 2 * count)), reply.hex()
        return struct.unpack(f">{count}H", reply[2:])

    def u32(self, address: int, unit: int = 1) -> int:
        high, low = self.read_registers(address, 2, unit)
        return high << 16 | low

    def i32(self, address: int, unit: int = 1) -> int:
        value = self.u32(address, unit)
        return value - (1 << 32) if value >> 31 else value

    def write(self, address: int, *words: int, unit: int = 1) -> bytes | None:
        return self.ask(write_multiple(address, struct.pack(f">{len(words)}H", *words)), unit)

    def command(self, command: vendor.Command, unit: int = 1) -> vendor.VendorReply:
        reply = self.ask(vendor.encode_request(command), unit)
        assert reply is not None
        return vendor.decode_reply(reply)

    def top_up(self, amount_fen: int, count: int, unit: int = 1) -> vendor.VendorResult:
        return self.command(vendor.TopUp(amount_fen, count), unit).result

    def meter(self, unit: int = 1) -> Any:
        return self.farm.meter(f"00100101{unit:02X}")


@pytest.fixture(scope="session")
def master_of() -> Callable[..., BusMaster]:
    """Builds a master: one dict of TOML keys per meter of the first bus (units from 1), keywords for `Farm`.

    `site` is more TOML at the end, `gateway` more keys of the gateway.
    """

    def build(
        *meters: Meter, site: str = "", second_bus: tuple[Meter, ...] = (), **options: Any
    ) -> BusMaster:
        clock = options.pop("clock", None) or ManualClock(MIDNIGHT_IN_SHANGHAI)
        text = SITE.replace("\nports", f"\n{options.pop('gateway', '')}\nports") + "".join(
            _meter_toml(unit, 1, keys) for unit, keys in enumerate(meters, 1)
        )
        text += "".join(_meter_toml(unit, 2, keys) for unit, keys in enumerate(second_bus, 1))
        return BusMaster(Farm(parse_site(text + site, "bench.toml"), clock=clock, **options), clock)

    return build


@pytest.fixture
def jump_clock() -> JumpClock:
    """A clock for tests of waiting."""
    return JumpClock(MIDNIGHT_IN_SHANGHAI)


def _virtually(work: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work(VirtualClock(runner.get_loop(), MIDNIGHT_IN_SHANGHAI)))


@pytest.fixture(scope="session")
def virtually() -> Any:
    """Runs a coroutine function of a clock on an event loop of virtual time, which that clock shows."""
    return _virtually


OPENED = {
    "start": '{ energy = "100.00", remaining = "41.25", purchase_count = 6, total_purchased = "300.00" }',
    "load": '{ shape = "flat", kwh_per_day = "24.00" }',
}
"""One kWh an hour at 1.0000, so that credit in yuan is hours of supply."""


@pytest.fixture(scope="session")
def opened() -> Meter:
    """TOML keys of a meter that is opened."""
    return dict(OPENED)


class Wire:
    """One TCP connection to a listener."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def receive(self, size: int) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.readexactly(size)

    async def ended(self) -> bool:
        """Whether the other side closed, with nothing left to read."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True


@asynccontextmanager
async def _connected(endpoint: Endpoint) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.tcp)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


@pytest.fixture
def connected() -> Any:
    """A context manager: a raw TCP connection to an endpoint."""
    return _connected


@pytest.fixture
def served() -> Any:
    """A context manager: serves a farm and connects to its first bus."""

    @asynccontextmanager
    async def serve(farm: Farm, framing: Framing = "rtu") -> AsyncIterator[Wire]:
        async with farm.serving(framing=framing) as endpoints, _connected(endpoints[0]) as wire:
            yield wire

    return serve


@contextmanager
def _running(site: str, *options: str) -> Iterator[list[dict[str, Any]]]:
    command = [
        str(Path(sys.executable).with_name("prewatt")),
        "sim",
        "run",
        site,
        "--base-port",
        "0",
        "--json",
    ]
    timing = [] if "--wire-timing" in options else ["--no-wire-timing"]
    with subprocess.Popen([*command, *timing, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        rows = []
        try:
            for line in process.stdout:
                row = json.loads(line)
                if row == {"ready": True}:
                    break
                rows.append(row)
            yield rows
        finally:
            process.terminate()
            assert process.wait(timeout=20) == 0


@pytest.fixture(scope="session")
def running() -> Any:
    """A context manager: `prewatt sim run` as a process on free ports, and its listeners once it is ready."""
    return _running
