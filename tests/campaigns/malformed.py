"""Malformed and mutated frames against a farm, over both framings: it never raises, never keeps another client waiting,
never grows.

A round is one farm with a device of every model, in memory on virtual time, and one seed: several clients send junk,
one of them reads nothing, and after every few frames a client that behaves asks on the same bus and on another.
"""

import asyncio
import gc
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastcrc.crc16 import modbus as crc

from prewatt_fixtures.endpoints import Endpoint, Framing
from prewatt_fixtures.profile import profiles
from prewatt_fixtures.site import parse_site
from prewatt_fixtures.virtual import VirtualClock, VirtualLoop
from prewatt_fixtures.wire import mbap, rtu, vendor
from prewatt_fixtures.wire import pdu as modbus
from prewatt_fixtures.wire.pdu import read_holding, write_multiple
from prewatt_simulator.farm import Farm
from prewatt_simulator.journal.journal import Journal
from prewatt_simulator.line.memory import MemoryConnection, MemoryNetwork

BATCH_SEGMENTS = 100
"""After so many the client that behaves asks."""

BLOCKS_MAX = 10_000
"""How many blocks of memory a round may hold more at its end than when its caches had filled. One for every frame
would be more from 17 000 frames on."""

_START = datetime(2026, 1, 5, tzinfo=UTC)
_ENTRIES_MAX = 1000
_WARM_SHARE = 0.4
_PATIENCE_S = 1.0
_GAP_S = 0.1
_BUSES = (1, 2)


class Broken(AssertionError):
    """The farm did not stand it. Says how to have it again."""

    def __init__(self, what: str, seed: int, framing: Framing, frame: int) -> None:
        super().__init__(f"{what}, at frame {frame} of seed {seed} over {framing}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a round."""

    frames: int
    heard: int
    """Requests that reached a bus."""
    ended: int
    """Connections that the gateway ended, or that no longer took bytes."""
    blocks_more: int
    """Blocks of memory that it holds more than when its caches had filled."""


def run_round(seed: int, framing: Framing, frames: int) -> Outcome:
    """Send so many; `Broken` when the farm does not stand it."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        clock = VirtualClock(runner.get_loop(), _START)
        return runner.run(_Round(seed, framing, clock).play(frames))


class _Round:
    def __init__(self, seed: int, framing: Framing, clock: VirtualClock) -> None:
        self._seed = seed
        self._framing = framing
        self._rng = random.Random(f"{seed}/{framing}")
        self._heard = 0
        journal = Journal(_ENTRIES_MAX, tap=self._count)
        self._farm = Farm(parse_site(_site(), "campaign"), clock=clock, seed=seed, journal=journal)
        self._errors: list[dict[str, Any]] = []
        self._ended = 0
        self._sent = 0

    async def play(self, frames: int) -> Outcome:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self._errors.append(context))
        async with self._farm.in_memory(framing=self._framing) as network:
            behaved = [await _connect(network, port) for port in _BUSES]
            noisy = [await _connect(network, 1) for _ in range(4)]
            warm_blocks = 0
            junk = junk_segments(self._framing, self._rng)
            while self._sent < frames:
                for _ in range(BATCH_SEGMENTS):
                    await self._send(network, noisy, next(junk))
                if self._rng.random() < 0.5:
                    await asyncio.sleep(_GAP_S)
                await self._ask(behaved)
                if not warm_blocks and self._sent >= frames * _WARM_SHARE:
                    warm_blocks = _blocks()
            more = _blocks() - warm_blocks
        self._check(more <= BLOCKS_MAX, f"{more} blocks of memory more")
        return Outcome(self._sent, self._heard, self._ended, more)

    async def _send(
        self, network: MemoryNetwork, noisy: list[MemoryConnection], segment: tuple[bytes, int]
    ) -> None:
        """The last of the noisy clients never reads."""
        data, frames = segment
        which = self._rng.randrange(len(noisy))
        self._sent += frames
        gone = False
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await noisy[which].write(data)
        except (BrokenPipeError, TimeoutError):
            gone = True
        except Exception as wrong:
            raise Broken(f"{data.hex()} raised {wrong!r}", self._seed, self._framing, self._sent) from wrong
        if gone or (which != len(noisy) - 1 and noisy[which].arrived() is None):
            self._ended += 1
            noisy[which].close()
            noisy[which] = await _connect(network, 1)

    async def _ask(self, behaved: list[MemoryConnection]) -> None:
        """A sound request on each bus, once whatever junk did to the meters is undone."""
        self._farm.reset_devices()
        for port, client in zip(_BUSES, behaved, strict=True):
            request = read_holding(0, 10)
            reply = self._farm.ask(f"009001{port:02X}01", request)
            await client.write(self._framed(1, request))
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    answer = await client.read()
            except TimeoutError:
                answer = b"nothing"
            self._check(answer == self._framed(1, reply), f"port {port} answered {answer!r}")
        self._check(not self._errors, f"the event loop was told {self._errors}")

    def _framed(self, unit: int, pdu: bytes) -> bytes:
        return rtu.encode(unit, pdu) if self._framing == "rtu" else mbap.encode(7, unit, pdu)

    def _check(self, holds: bool, what: str) -> None:
        if not holds:
            raise Broken(what, self._seed, self._framing, self._sent)

    def _count(self, _seen: object) -> None:
        self._heard += 1


def junk_segments(framing: Framing, rng: random.Random) -> Iterator[tuple[bytes, int]]:
    """Bytes as they are sent, and how many frames they are: damaged, sound that ask for nonsense, or plain noise."""
    while True:
        if rng.random() < 0.05:
            yield rng.randbytes(rng.randrange(1, 300)), 1
            continue
        frames = 1 if rng.random() < 0.9 else rng.randrange(2, 20)
        yield b"".join(_damaged(framing, rng) for _ in range(frames)), frames


def _damaged(framing: Framing, rng: random.Random) -> bytes:
    pdu, unit = _pdu(rng), rng.choice([0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 99, 255])
    if framing == "tcp":
        if rng.random() < 0.3:
            return _mutated(mbap.encode(rng.randrange(0x10000), unit, pdu), rng)
        return mbap.encode(rng.randrange(0x10000), unit, _mutated(pdu, rng)[: modbus.PDU_BYTES_MAX])
    frame = rtu.encode(unit, pdu)
    if rng.random() < 0.5:
        return _mutated(frame, rng)
    body = _mutated(frame[:-2], rng)
    return body + crc(body).to_bytes(2, "little")


def _pdu(rng: random.Random) -> bytes:
    match rng.randrange(8):
        case 0:
            return read_holding(rng.randrange(0x10000), rng.randrange(0x10000))
        case 1:
            return read_holding(rng.choice([0, 0x0200, 0x0400]), rng.randrange(60))
        case 2:
            return write_multiple(
                rng.choice([0, 0x57, 0x61, 0x2006]), rng.randbytes(2 * rng.randrange(1, 25))
            )
        case 3:
            return vendor.encode_request(vendor.TopUp(rng.randrange(2**31), rng.randrange(2**16)))
        case 4:
            return vendor.encode_request(vendor.MoneyControl(remaining_fen=rng.randrange(-(2**31), 2**31)))
        case 5:
            return bytes((rng.choice([1, 2, 4, 5, 6, 0x0F, 0x2B]),)) + rng.randbytes(4)
        case 6:  # counted, so that RTU takes it for whole, and nonsense otherwise
            data = rng.randbytes(rng.randrange(30))
            function, start = rng.choice([0x0F, 0x10, 0x20]), rng.choice([0, 0x57, 0x0100, 0x0200, 0x0354])
            return bytes((function, *start.to_bytes(2, "big"), 0, rng.randrange(20), len(data))) + data
        case _:
            return bytes((rng.randrange(256),)) + rng.randbytes(rng.randrange(250))


def _mutated(frame: bytes, rng: random.Random) -> bytes:
    """None, one or two changes."""
    data = bytearray(frame)
    for _ in range(rng.randrange(3)):
        where = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0:
                data[where : where + 1] = rng.randbytes(1)
            case 1:
                del data[where : where + rng.randrange(1, 9)]
            case 2:
                data[where:where] = rng.randbytes(rng.randrange(1, 9))
            case 3:
                data += data[where:]
        if not data:
            data += b"\0"
    return bytes(data)


def _site() -> str:
    ports = ", ".join(f"{{ port = {port} }}" for port in _BUSES)
    rows = [f'[project]\ncode = "009"\nname = "campaign"\n[[gateways]]\nnumber = "009001"\nports = [{ports}]']
    for port in _BUSES:
        for unit, described in enumerate(profiles().values(), 1):
            number = f"009001{port:02X}{unit:02X}"
            rows.append(
                f'[[meters]]\nnumber = "{number}"\nmodel = "{described.model}"\nplace = "bench"\n'
                + ('start = { remaining = "41.25" }\n' if described.prepaid else "")
            )
    return "\n".join(rows)


async def _connect(network: MemoryNetwork, port: int) -> MemoryConnection:
    endpoint: Endpoint = next(each for each in network.endpoints if each.port == port)
    return await network.connect(endpoint.host, endpoint.tcp)


def _blocks() -> int:
    gc.collect()
    return sys.getallocatedblocks()
