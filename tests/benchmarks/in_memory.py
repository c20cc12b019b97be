"""The in-memory transport beside pymodbus's own path from bytes to bytes, neither with a socket.

Ours is a client's write and read through gateway, bus, meter and journal; theirs is what its server does with a
frame: decode it, ask the data store, encode the answer. CPU time, a round of each in turn, the best round of each.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.verdict import Verdict
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from prewatt_fixtures.endpoints import Framing
from prewatt_fixtures.site import load_site
from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.farm import Farm

REGISTERS = 40
UNIT = 1
GATEWAY = "001031"
REQUEST = read_holding(0, REGISTERS)
REPLY_BYTES = {"tcp": 9 + 2 * REGISTERS, "rtu": 5 + 2 * REGISTERS}
GOAL = 10

Work = Callable[[int], Awaitable[None]]


def measure(quick: bool) -> list[Verdict]:
    """Print both paths for both framings; the goal is MBAP's."""
    rounds, times = (4, 1000) if quick else (12, 4000)
    ratios = {framing: asyncio.run(compare(framing, rounds, times)) for framing in ("tcp", "rtu")}
    return [Verdict("in-memory reads over MBAP, x pymodbus", ratios["tcp"], "at least", GOAL)]


async def compare(framing: Framing, rounds: int, times: int) -> float:
    """How many times as fast ours is."""
    farm = Farm(load_site("mingde"))
    async with farm.in_memory(framing=framing) as network:
        endpoint = next(each for each in network.endpoints if each.gateway == GATEWAY)
        connection = await network.connect(endpoint.host, endpoint.tcp)
        request = rtu.encode(UNIT, REQUEST) if framing == "rtu" else mbap.encode(1, UNIT, REQUEST)

        async def ours(times: int) -> None:
            for _ in range(times):
                await connection.write(request)
                reply = await connection.read()
            assert len(reply) == REPLY_BYTES[framing]

        ours_us, theirs_us = await in_turn([ours, pymodbus_path(framing, request)], rounds, times)
    print(
        f"{framing}: prewatt {ours_us:.2f} us, pymodbus {theirs_us:.2f} us a read: {theirs_us / ours_us:.1f} x"
    )
    return theirs_us / ours_us


def pymodbus_path(framing: Framing, request: bytes) -> Work:
    """Decode, data store, encode, as pymodbus's server does it for one frame."""
    device = SimDevice(UNIT, simdata=[SimData(0, count=200, values=4711, datatype=DataType.REGISTERS)])
    context: Any = ModbusTcpServer(device, address=("127.0.0.1", 0)).context
    framer = (FramerRTU if framing == "rtu" else FramerSocket)(DecodePDU(True))

    async def theirs(times: int) -> None:
        for _ in range(times):
            _, asked = framer.handleFrame(request, UNIT if framing == "rtu" else 0, 0)
            assert asked is not None
            answer = await asked.datastore_update(context, UNIT)
            answer.transaction_id, answer.dev_id = asked.transaction_id, asked.dev_id
            reply = framer.buildFrame(answer)
        assert len(reply) == REPLY_BYTES[framing]

    return theirs


async def in_turn(works: list[Work], rounds: int, times: int) -> list[float]:
    """CPU µs of one read for each, from the quietest rounds."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, costs in zip(works, taken, strict=True):
            began_s = time.process_time()
            await work(times)
            costs.append((time.process_time() - began_s) / times * 1e6)
    return [statistics.median(sorted(costs)[: max(1, rounds // 4)]) for costs in taken]
