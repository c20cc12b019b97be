"""How late replies come with wire timing on, in real time: a client of each bus of `mingde` waits as on copper.

Plain asyncio, because the timers of uvloop fire up to a millisecond early. Farm and clients share one event loop, so a
client's own lateness is in the figure too, and timers that carry nothing are measured beside it.
"""

import asyncio
import statistics
from time import perf_counter

from benchmarks.verdict import Verdict

from prewatt_fixtures.endpoints import Endpoint
from prewatt_fixtures.profile import DeviceKind
from prewatt_fixtures.site import load_site
from prewatt_fixtures.wire import rtu
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.farm import Farm
from prewatt_simulator.journal.exchange_outcome import ExchangeOutcome
from prewatt_simulator.journal.journal import Journal, PortEvent, Record
from prewatt_simulator.line.bus import Pace

SITE = "mingde"
READ = read_holding(0, 40)
REPLY_BYTES = 85
LATE_MS_P99_MAX = 2.0
PAUSE_S = 0.01
"""Between two reads of a client, so that the gap behind a reply is over when it asks again."""
WARM_UP_READS = 2
"""Each client's first ones, which build what later ones use."""


class LastPassages:
    """How the last exchange of each bus went."""

    def __init__(self) -> None:
        self.journal = Journal(tap=self._heard)
        self._last: dict[tuple[str, int], ExchangeOutcome] = {}

    def of(self, gateway: str, port: int) -> ExchangeOutcome:
        """Complete once its reply has left."""
        return self._last[gateway, port]

    def _heard(self, record: Record | PortEvent) -> None:
        if not isinstance(record, PortEvent):
            _, place, _, _, _, _, outcome = record
            assert outcome is not None
            self._last[place.gateway, place.port] = outcome


async def lateness_ms(reads: int) -> list[float]:
    """Of every read of every bus, all buses at a time."""
    site, passages = load_site(SITE), LastPassages()
    ports = {(gateway.number, port.port): port for gateway in site.gateways for port in gateway.ports}
    units = {
        (meter.gateway, meter.port): meter.bus_address
        for meter in site.meters
        if meter.profile.kind is DeviceKind.ENERGY_METER
    }
    farm = Farm(site, wire_timing=True, journal=passages.journal)

    async def client(bus: Endpoint) -> list[float]:
        key = bus.gateway, bus.port
        request_s = Pace(ports[key], "").request_s(READ)
        reader, writer = await asyncio.open_connection(bus.host, bus.tcp)
        late = []
        for _ in range(WARM_UP_READS + reads):
            begun = perf_counter()
            writer.write(rtu.encode(units[key], READ))
            reply = await reader.read(2 * REPLY_BYTES)
            took_s = perf_counter() - begun
            late.append(1000 * (took_s - request_s - passages.of(*key).held_s))
            assert len(reply) == REPLY_BYTES, reply.hex()
            await asyncio.sleep(PAUSE_S)
        writer.close()
        return late[WARM_UP_READS:]

    async with farm.serving(framing="rtu") as endpoints:
        asked = [client(bus) for bus in endpoints if (bus.gateway, bus.port) in units]
        return [each for late in await asyncio.gather(*asked) for each in late]


async def bare_sleeps_ms(sleepers: int, sleeps: int) -> list[float]:
    """How late timers of the event loop are by themselves, with as many of them and about as long."""
    late = []

    async def sleeper() -> None:
        for number in range(sleeps):
            wait_s, begun = 0.15 + 0.0007 * number, perf_counter()
            await asyncio.sleep(wait_s)
            late.append(1000 * (perf_counter() - begun - wait_s))

    await asyncio.gather(*(sleeper() for _ in range(sleepers)))
    return late


def p99(values: list[float]) -> float:
    return sorted(values)[len(values) * 99 // 100]


def measure(quick: bool) -> list[Verdict]:
    """Print how late replies were, beside timers that carry nothing."""
    reads = 10 if quick else 40
    late = asyncio.run(lateness_ms(reads))
    bare = asyncio.run(bare_sleeps_ms(len(late) // reads, reads))
    print(
        f"{len(late)} reads over all buses of {SITE} at a time: late by "
        f"{statistics.median(late):.2f} ms at p50, {p99(late):.2f} ms at p99, {max(late):.2f} ms at most; "
        f"bare sleeps {statistics.median(bare):.2f}, {p99(bare):.2f}, {max(bare):.2f}"
    )
    return [
        Verdict("replies before their time", sum(each < 0 for each in late), "at most", 0),
        Verdict("lateness of replies at p99", p99(late), "at most", LATE_MS_P99_MAX, "ms"),
    ]
