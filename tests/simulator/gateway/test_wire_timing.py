"""Wire timing on virtual time, exact to the float: characters, gaps and turnaround times."""

import asyncio
import random
from typing import Any

import pytest

from prewatt_fixtures.site import parse_site
from prewatt_fixtures.wire import rtu
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.farm import Farm

READ_40 = read_holding(0, 40)
REQUEST_BYTES, REPLY_BYTES = 8, 85
FRAMES_S_AT_9600 = 0.096875
"""8 + 85 characters of 10 bits."""

SITE = """
[project]
code = "001"
name = "bench"
[[gateways]]
number = "001001"
ports = [{{ port = 1, baud = {baud}, parity = "{parity}" }}]
[[meters]]
number = "0010010101"
model = "DDSY1352-NK/F"
place = "a shop"
"""


def farm_at(baud: int, parity: str, clock: Any, seed: int) -> Farm:
    site = parse_site(SITE.format(baud=baud, parity=parity), "bench.toml")
    return Farm(site, clock=clock, seed=seed, wire_timing=True)


def turnarounds_s(seed: int, count: int) -> list[float]:
    """As the bus of that port draws them."""
    rng = random.Random(f"{seed}/001001/1")
    return [rng.uniform(0.020, 0.080) for _ in range(count)]


def arrivals(
    virtually: Any, reads: int, *, baud: int = 9600, parity: str = "N", seed: int = 1
) -> list[float]:
    """When the replies arrive of a client that asks again at once, from the first request on."""

    async def ask(clock: Any) -> list[float]:
        async with farm_at(baud, parity, clock, seed).in_memory() as network:
            connection = await network.connect("memory", 1)
            arrived = []
            for _ in range(reads):
                await connection.write(rtu.encode(1, READ_40))
                assert len(await connection.read()) == REPLY_BYTES
                arrived.append(asyncio.get_running_loop().time())
            return arrived

    found: list[float] = virtually(ask)
    return found


def test_one_read_takes_characters_gap_and_turnaround(virtually: Any) -> None:
    """8 + 85 bytes at 9600 baud 8N1 are 96.9 ms; with them the gap behind the request, and the turnaround."""
    (arrived,) = arrivals(virtually, 1)
    (turnaround_s,) = turnarounds_s(1, 1)
    character_s = 10 / 9600
    heard = REQUEST_BYTES * character_s + 3.5 * character_s
    assert arrived == heard + (turnaround_s + REPLY_BYTES * character_s), "to the float"
    assert arrived == pytest.approx(FRAMES_S_AT_9600 + 3.5 * character_s + turnaround_s, abs=1e-15)


def test_a_thousand_reads_add_up(virtually: Any) -> None:
    """Each begins when the bus has been quiet for a gap behind the reply before it."""
    reads = 1000
    gaps = reads + reads - 1
    expected = reads * FRAMES_S_AT_9600 + gaps * 3.5 * 10 / 9600 + sum(turnarounds_s(1, reads))
    assert arrivals(virtually, reads)[-1] == pytest.approx(expected, abs=1e-9)


@pytest.mark.anyio
async def test_a_late_timer_does_not_delay_the_reply(jump_clock: Any) -> None:
    """A request that is carried 3 ms late is answered when it should be, and not 3 ms later."""
    begun, waits = jump_clock.time(), []
    on_time = jump_clock.sleep

    async def late_at_first(seconds: float) -> None:
        waits.append(seconds)
        await on_time(seconds + (0.003 if len(waits) == 1 else 0))

    jump_clock.sleep = late_at_first
    async with farm_at(9600, "N", jump_clock, 1).in_memory() as network:
        connection = await network.connect("memory", 1)
        await connection.write(rtu.encode(1, READ_40))
        assert len(await connection.read()) == REPLY_BYTES
    expected = FRAMES_S_AT_9600 + 3.5 * 10 / 9600 + turnarounds_s(1, 1)[0]
    assert jump_clock.time() - begun == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("baud", "parity", "bits", "gap_s"),
    [
        (1200, "E", 11, 3.5 * 11 / 1200),
        (2400, "N", 10, 3.5 * 10 / 2400),
        (9600, "E", 11, 3.5 * 11 / 9600),
        (19200, "N", 10, 3.5 * 10 / 19200),
        (38400, "N", 10, 0.00175),
    ],
)
def test_times_follow_speed_and_parity(
    virtually: Any, baud: int, parity: str, bits: int, gap_s: float
) -> None:
    (arrived,) = arrivals(virtually, 1, baud=baud, parity=parity)
    (turnaround_s,) = turnarounds_s(1, 1)
    frames_s = (REQUEST_BYTES + REPLY_BYTES) * bits / baud
    assert arrived == pytest.approx(frames_s + gap_s + turnaround_s, abs=1e-15)
