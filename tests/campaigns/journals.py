"""One seed, one journal: a small site with every fault that there is, several clients, in memory on virtual time.

Runs of one seed are the same to the byte, whatever the process and its hash seed; runs of two seeds are not. The
faults are those of the handbook, so a new kind takes part as soon as it is told of.
`python -m campaigns.journals SEED REQUESTS` prints the digest of one.
"""

import asyncio
import contextlib
import hashlib
import random
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib import resources
from pathlib import Path

from prewatt_fixtures.site import Site, parse_site
from prewatt_fixtures.virtual import VirtualClock, VirtualLoop
from prewatt_fixtures.wire import rtu, vendor
from prewatt_fixtures.wire.pdu import read_holding, write_multiple
from prewatt_simulator.farm import Farm
from prewatt_simulator.faults import Fault, fault_from_words
from prewatt_simulator.faults.rule import CALL_KINDS, CONNECTION_KINDS, LINE_KINDS
from prewatt_simulator.journal.export import to_json_lines, to_text
from prewatt_simulator.journal.pcapng import to_pcapng
from prewatt_simulator.line.memory import MemoryConnection

CLIENTS_PER_BUS = 2

_START = datetime(2026, 1, 5, tzinfo=UTC)
_HANDBOOK = Path(__file__).parents[2] / "docs" / "test-developers.md"
_RULE = re.compile(r"^\|.*\| `(kind=[^`]+)` \|$", re.MULTILINE)
_STRIKES_MAX = 20
_TINY = resources.files("prewatt_fixtures") / "sites" / "tiny.toml"
_LISTENS = 'number = "000002"'
_HEAD_END = ("127.0.0.1", 7000)
_DIALS = f'{_LISTENS}\nkind = "manager"\ndial = {{ host = "{_HEAD_END[0]}", tcp = {_HEAD_END[1]} }}'


def rules() -> list[Fault]:
    """One of every kind, as the handbook shows it, left to chance."""
    shown = (fault_from_words(words) for words in _RULE.findall(_HANDBOOK.read_text("utf-8")))
    return [replace(rule, probability=_probability(rule), count=_STRIKES_MAX) for rule in shown]


def _site() -> Site:
    """tiny, one of whose gateways dials out."""
    return parse_site(
        _TINY.read_text("utf-8").replace(_LISTENS, _DIALS), "tiny with a gateway that dials out"
    )


def _probability(rule: Fault) -> float:
    """Lower probabilities for kinds that match more often. Kinds on the line have times of their own and take none."""
    if rule.kind in LINE_KINDS:
        return 1.0
    if rule.kind in CONNECTION_KINDS | CALL_KINDS:
        return 0.2
    return 0.02 if rule.meter is None else 0.1


def run(seed: int, requests: int) -> Farm:
    """The farm after each client has sent so many requests."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        clock = VirtualClock(runner.get_loop(), _START)
        farm = Farm(_site(), clock=clock, seed=seed, wire_timing=True)
        chances = rules()
        random.Random(f"{seed}/rules").shuffle(chances)  # the first that fires wins: none is always the last
        for rule in chances:
            farm.faults.add(rule)
        runner.run(_all_clients(farm, seed, requests))
        return farm


def journal_of(seed: int, requests: int) -> bytes:
    """Everything that its journal says, in every form."""
    journal = run(seed, requests).journal
    return to_text(journal).encode() + to_json_lines(journal).encode() + to_pcapng(journal, "rtu")


def digest_of(seed: int, requests: int) -> str:
    """The same, short."""
    return hashlib.sha256(journal_of(seed, requests)).hexdigest()


async def _all_clients(farm: Farm, seed: int, requests: int) -> None:
    async with farm.in_memory() as network, asyncio.TaskGroup() as group:
        calls = network.listen(*_HEAD_END)
        group.create_task(_client(calls.accept, random.Random(f"{seed}/head end"), requests))
        for endpoint in network.endpoints:
            for client in range(CLIENTS_PER_BUS):
                rng = random.Random(f"{seed}/client/{endpoint.port}/{client}")
                connect = partial(network.connect, endpoint.host, endpoint.tcp)
                group.create_task(_client(connect, rng, requests))


async def _client(
    connect: Callable[[], Awaitable[MemoryConnection]], rng: random.Random, requests: int
) -> None:
    """Asks, waits for an answer or not, pauses, and connects again when it was dropped or has had enough."""
    connection: MemoryConnection | None = None
    for _ in range(requests):
        if connection is None or connection.arrived() is None:
            connection = await connect()
        with contextlib.suppress(TimeoutError, BrokenPipeError):
            async with asyncio.timeout(rng.choice([0.05, 0.5, 2.0])):
                await connection.write(rtu.encode(rng.choice([1, 1, 1, 2, 9]), _request(rng)))
                await connection.read()
        await asyncio.sleep(rng.choice([0.0, 0.1, 1.0, 300.0]))
        if rng.random() < 0.1:
            connection.close()
    if connection is not None:
        connection.close()


def _request(rng: random.Random) -> bytes:
    match rng.randrange(5):
        case 0:
            return write_multiple(0x57, bytes((0, rng.randrange(2), 0, rng.randrange(2))))
        case 1:
            return vendor.encode_request(vendor.TopUp(rng.randrange(1000), rng.randrange(6, 12)))
        case _:
            return read_holding(rng.choice([0, 0x0200]), rng.randrange(1, 40))


if __name__ == "__main__":
    print(digest_of(*map(int, sys.argv[1:])))
