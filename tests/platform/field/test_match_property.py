"""The promise of `master` as algebra: whatever a first-in first-out bus withholds, an answer is always the right one."""

import asyncio
import contextlib
from collections import deque
from datetime import UTC, datetime
from enum import Enum, auto

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_fixtures.clock import ManualClock
from prewatt_fixtures.endpoints import Framing
from prewatt_fixtures.profile import Block
from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire import pdu as modbus
from prewatt_platform.field.errors import FieldError
from prewatt_platform.field.master import Master, Station
from prewatt_platform.field.messages import BusAddress, MeterAddress
from prewatt_platform.field.settings import FieldSettings
from prewatt_platform.field.transport import Connection


class Fate(Enum):
    """What becomes of one request."""

    ANSWERED = auto()
    REFUSED = auto()
    LATE = auto()
    LATE_REFUSAL = auto()
    LOST = auto()
    CUT = auto()


class Bus:
    """A bus behind a serial server that gives bytes to whoever is connected: in order, but as late as it likes.

    As a connection it never waits: silence is a time-out at once.
    """

    def __init__(self, framing: Framing, fates: list[tuple[Fate, int]]) -> None:
        self._framing = framing
        self.fates = deque(fates)
        self._held: deque[bytes] = deque()
        self._line: deque[bytes] = deque()
        self._ended = False

    async def connect(self, _host: str, _tcp: int) -> Connection:
        self._line.clear()
        self._ended = False
        return self

    async def write(self, data: bytes) -> None:
        fate, released = self.fates.popleft() if self.fates else (Fate.ANSWERED, 0)
        unit, tag, request = self._parse(data)
        refused = fate in {Fate.REFUSED, Fate.LATE_REFUSAL}
        self._held.append(
            self._frame(unit, tag, bytes((request[0] | 0x80, 2)) if refused else _answer(request))
        )
        if fate is Fate.LOST:
            self._held.pop()
        if fate in {Fate.ANSWERED, Fate.REFUSED}:
            released = len(self._held)
        for _ in range(min(released, len(self._held) - (fate in {Fate.LATE, Fate.LATE_REFUSAL}))):
            self._line.append(self._held.popleft())
        self._ended = fate is Fate.CUT

    async def read(self) -> bytes:
        if self._line:
            return self._line.popleft()
        if self._ended:
            return b""
        raise TimeoutError

    def arrived(self) -> bytes | None:
        data = b"".join(self._line)
        self._line.clear()
        return None if self._ended else data

    def close(self) -> None:
        """The bytes on the line are gone with the connection."""

    def _parse(self, data: bytes) -> tuple[int, int, bytes]:
        if self._framing == "rtu":
            return data[0], 0, data[1:-2]
        tag, unit, pdu = mbap.FrameStream().feed(data)[0]
        return unit, tag, pdu

    def _frame(self, unit: int, tag: int, pdu: bytes) -> bytes:
        return rtu.encode(unit, pdu) if self._framing == "rtu" else mbap.encode(tag, unit, pdu)


def _answer(request: bytes) -> bytes:
    start, count = int.from_bytes(request[1:3], "big"), int.from_bytes(request[3:5], "big")
    data = b"".join(address.to_bytes(2, "big") for address in range(start, start + count))
    return bytes((modbus.READ_HOLDING, len(data))) + data


fates = st.lists(st.tuples(st.sampled_from(Fate), st.integers(0, 4)), max_size=24)
questions = st.lists(
    st.tuples(st.integers(1, 2), st.integers(100, 200), st.sampled_from([1, 2, 2, 2, 3, 8])), max_size=16
)


@pytest.mark.parametrize("framing", ["rtu", "tcp"])
@settings(deadline=None)
@given(fates=fates, questions=questions)
def test_every_answer_is_the_answer_to_its_own_question(
    framing: Framing, fates: list[tuple[Fate, int]], questions: list[tuple[int, int, int]]
) -> None:
    asyncio.run(_ask_all(framing, fates, questions))


async def _ask_all(
    framing: Framing, fates: list[tuple[Fate, int]], questions: list[tuple[int, int, int]]
) -> None:
    address = BusAddress("in memory", 1, framing)
    bus = Bus(framing, fates)
    clock = ManualClock(datetime(2026, 1, 5, tzinfo=UTC))
    master = Master(address, clock, FieldSettings(), bus.connect)
    stations = {
        unit: Station(MeterAddress(address, unit, "DTSD1352-C", str(unit)), Block(start=0, count=50))
        for unit in (1, 2)
    }
    for unit, start, count in questions:
        request = modbus.read_holding(start, count)
        try:
            reply = await master.exchange(stations[unit], request)
        except FieldError:
            continue
        assert reply == _answer(request)
    bus.fates.clear()
    # a serial server that hung up again and again is left alone for a while
    clock.advance(FieldSettings().reconnect_max_s)
    for station in stations.values():
        await _answered_soon(master, station)


async def _answered_soon(master: Master, station: Station) -> None:
    """Once the bus behaves, a unit is believed again: what was withheld can spoil two requests, not more."""
    request = modbus.read_holding(300, 2)
    for _ in range(2):
        with contextlib.suppress(FieldError):
            assert await master.exchange(station, request) == _answer(request)
            return
    assert await master.exchange(station, request) == _answer(request)
