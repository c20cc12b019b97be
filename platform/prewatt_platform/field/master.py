"""Master of one RS-485 bus: one request in flight, commands before polls, replies matched strictly.

**Whose answer is it?** RTU has no transaction numbers, so an answer is known by unit, function, length and echo only.
After a time-out the answer may still come, and would fit the next request that looks alike. Three rules keep it out:

1. *Cut.* An exchange that ends without its answer (time-out, broken link, cancelled caller) closes the connection.
   Whatever arrives there later is gone. On Modbus TCP the transaction number is fresh for every request besides.
2. *Prove.* Cutting is not enough: a serial server may hand late bytes to the next connection, and a gateway that
   speaks RTU behind its Modbus TCP port may take a late answer for the answer to the next request and number it so.
   So the unit is *in doubt*, and before its next request a probe goes out: a read of a length that none of the
   unanswered reads had. A meter answers in the order it was asked, and a bus carries one frame at a time; so when the
   probe's answer stands, everything older has come or will never come. Until then nothing but probes is sent to that
   unit; a unit that stays silent is asked with another length every time, the one unused for longest.
   An exception proves nothing, because exceptions all look alike: the next length is tried. A unit that this master
   has not heard yet is in doubt, too: another process may have died with a question open.
3. *Drop.* Bytes that arrive while nothing is asked, or beside an answer, are counted as strays and never data.

Other units of the bus need no probe: their number is in the answer.

**Another master.** A serial server may send each answer to all its clients. Then the answer to somebody else's read of as
many registers comes first and looks like ours, and ours comes after it. So answers that nobody here asked for are kept
(`unasked`), and the driver compares them with what it took for its own (`driver`, rule *Compare*).

**What surely was not sent.** A connection found ended before the write, or whose write took no byte, is opened again
and the request sent on it, once. As soon as one byte was taken, a broken link means "outcome unknown". The master
never sends a request twice; asking a read again is the driver's decision.

**Time.** How long to wait for an answer is measured by the event loop, not by the `Clock`: it is a matter of wires.
On a scaled or hand-moved clock the sockets stay real, and on virtual time the loop itself is virtual. The waits
between attempts to reach a dead serial server are the clock's.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from prewatt_fixtures.clock import Clock
from prewatt_fixtures.profile import Block
from prewatt_fixtures.wire import mbap, rtu
from prewatt_fixtures.wire.pdu import EXCEPTION_FLAG, READ_HOLDING
from prewatt_platform.field.bus_lock import BusLock
from prewatt_platform.field.errors import (
    OUTCOME_UNKNOWN_CODES,
    BusUnreachable,
    LinkLost,
    MeterRefused,
    NoReply,
)
from prewatt_platform.field.messages import BusAddress, MeterAddress
from prewatt_platform.field.requests import read_holding
from prewatt_platform.field.settings import FieldSettings
from prewatt_platform.field.transport import Connect, Connection, NothingSent

PROBE_WORDS_MAX = 16
"""Probes have 1 to 16 registers, so a length comes back only after 15 other unanswered requests to that unit."""

EXCHANGE_BYTES_MAX = 64 * 1024
"""Bytes without a reply among them after which the connection is cut: many times what a gateway can have kept back."""

UNASKED_KEPT = 64
"""Answers to another master's reads that are kept; one reading takes a few exchanges."""

PROBES_PER_REQUEST = 3
"""How many exceptions in a row a probe may meet before the request behind it is given up."""


@dataclass(slots=True)
class Traffic:
    """Counters of a bus since the master was created."""

    requests: int = 0
    replies: int = 0
    probes: int = 0
    strays: int = 0
    cuts: int = 0
    connects: int = 0
    unasked: int = 0
    """Sound answers to reads that this master did not ask: another master shares the bus."""


@dataclass(frozen=True, slots=True)
class Station:
    """A meter as the master sees it: its address, and a readable range for probes."""

    meter: MeterAddress
    probe: Block


class Master:
    """Our end of one bus. `exchange` belongs inside a `turn`."""

    def __init__(self, bus: BusAddress, clock: Clock, settings: FieldSettings, connect: Connect) -> None:
        self._bus = bus
        self._clock = clock
        self._settings = settings
        self._connect = connect
        self._connection: Connection | None = None
        self._closed = False
        self._failures = 0
        self._retry_at = 0.0
        self._answered = False
        """Whether a reply came over the present connection."""
        self._transactions = itertools.count(1)
        self._believed: set[int] = set()
        self._doubts: dict[int, dict[int, int]] = {}
        """Lengths of the reads that a unit has not answered, each with its place in the order of asking."""
        self._doubted_at: dict[int, float] = {}
        """Loop time at which a unit left a request unanswered last."""
        self._order = itertools.count(1)
        self._unasked: deque[tuple[int, int, bytes]] = deque(maxlen=UNASKED_KEPT)
        """Serial number, unit and register bytes."""
        self.turn = BusLock().turn
        """The bus, alone, for the length of a block; commands ahead of polls."""
        self.traffic = Traffic()

    def close(self) -> None:
        """For good: who waits for an answer gets `LinkLost`, who asks later `BusUnreachable`."""
        self._closed = True
        if self._connection is not None:
            self._connection.close()

    async def exchange(self, station: Station, request: bytes) -> bytes:
        """The reply PDU to `request`, sent once at most; a leaf of `FieldError` otherwise."""
        await self.prove(station)
        return await self._ask(station.meter, request)

    async def prove(self, station: Station) -> bool:
        """Rule 2: come back only when no older answer of that unit can arrive any more; whether that took a probe.

        A probe is sent once: a leaf of `FieldError` when it is not answered.
        """
        unit = station.meter.unit
        if unit in self._believed:
            return False
        doubt = self._doubts.setdefault(unit, {})
        lengths = range(1, min(PROBE_WORDS_MAX, station.probe.count) + 1)
        for attempts_left in reversed(range(PROBES_PER_REQUEST)):
            # the length that was unused for longest: its old answer, if any, is the least likely to be still on its way
            words = min(lengths, key=lambda length: doubt.get(length, 0))
            doubt[words] = next(self._order)
            self.traffic.probes += 1
            try:
                await self._ask(
                    station.meter, read_holding(station.probe.start, words), self._probe_timeout_s(unit)
                )
            except MeterRefused as refused:
                # any other exception is an answer of the meter, but may be that to an older request: try another length
                if refused.retryable or refused.code in OUTCOME_UNKNOWN_CODES or not attempts_left:
                    raise
            else:
                break
        self._believed.add(unit)
        del self._doubts[unit]
        return True

    def unasked(self, unit: int, since: int) -> list[bytes]:
        """Register bytes of the answers of that unit to another master's reads, behind number `since` of `traffic.unasked`."""
        return [data for number, other, data in self._unasked if number > since and other == unit]

    def _probe_timeout_s(self, unit: int) -> float:
        """Longer just after a time-out: the late answer keeps the bus busy, and the probe's comes behind it."""
        timeout_s = self._settings.timeout_s
        since_s = asyncio.get_running_loop().time() - self._doubted_at.get(unit, -timeout_s)
        return timeout_s + max(timeout_s - since_s, 0.0)

    async def _ask(self, meter: MeterAddress, request: bytes, timeout_s: float | None = None) -> bytes:
        timeout_s = self._settings.timeout_s if timeout_s is None else timeout_s
        exchange = self._frame(meter.unit, request)
        try:
            reply = await self._settle(exchange, timeout_s)
        except BusUnreachable:
            raise
        except BaseException as failure:  # a cancelled caller leaves an unanswered request behind, too
            self._cut()
            self._put_in_doubt(meter.unit, request)
            if isinstance(failure, TimeoutError):
                raise NoReply(meter, request[0], timeout_s) from None
            if isinstance(failure, OSError | mbap.BrokenStream):
                self._note_barren()
                raise LinkLost(meter, request[0], str(failure)) from failure
            raise
        finally:
            exchange.close()
            self.traffic.strays += len(exchange.strays)
            self._keep_unasked(exchange.strays)
        self.traffic.replies += 1
        self._answered, self._failures = True, 0
        if reply[0] & EXCEPTION_FLAG:
            if reply[1] in OUTCOME_UNKNOWN_CODES:
                # 05H and 0BH: the meter may still answer this request later
                self._put_in_doubt(meter.unit, request)
            raise MeterRefused(meter, request[0], reply[1])
        return reply

    def _keep_unasked(self, strays: Iterable[bytes]) -> None:
        if self._bus.framing != "rtu":
            return  # on Modbus TCP the transaction number says whose answer it is
        for stray in strays:
            for unit, data in rtu.read_replies(stray):
                # an answer of a unit in doubt may be a late one of our own
                if unit in self._believed:
                    self.traffic.unasked += 1
                    self._unasked.append((self.traffic.unasked, unit, data))

    async def _settle(self, exchange: rtu.Exchange | mbap.Exchange, timeout_s: float) -> bytes:
        connection = await self._send(exchange.request_bytes)
        heard_bytes = 0
        async with asyncio.timeout(timeout_s):
            while data := await connection.read():
                reply = exchange.feed(data)
                if reply is not None:
                    return reply
                heard_bytes += len(data)
                if heard_bytes > EXCHANGE_BYTES_MAX:
                    raise ConnectionResetError(f"more than {EXCHANGE_BYTES_MAX} bytes came, and no reply")
                # while bytes keep coming `read` never waits, so neither the time-out nor any other task gets a turn
                await asyncio.sleep(0)
        raise ConnectionResetError("ended by the serial server")

    def _frame(self, unit: int, request: bytes) -> rtu.Exchange | mbap.Exchange:
        if self._bus.framing == "rtu":
            return rtu.Exchange(unit, request)
        # 16 bits in the header: 65,535 exchanges pass before a number is used again
        return mbap.Exchange(unit, request, next(self._transactions) & 0xFFFF)

    def _put_in_doubt(self, unit: int, request: bytes) -> None:
        self._believed.discard(unit)
        self._doubted_at[unit] = asyncio.get_running_loop().time()
        doubt = self._doubts.setdefault(unit, {})
        if request[0] == READ_HOLDING:
            # only answers to reads can be mistaken for a probe's; bytes 3 and 4 are the quantity (Modbus V1.1b3, 6.3)
            doubt[int.from_bytes(request[3:5], "big")] = next(self._order)

    async def _send(self, data: bytes) -> Connection:
        """Write once, on a second connection if the first one surely took nothing."""
        connection = await self._ready()
        try:
            await connection.write(data)
        except NothingSent:
            self._cut()
            connection = await self._ready()
            try:
                await connection.write(data)
            except NothingSent as broken:
                self._cut()
                raise BusUnreachable(self._bus, str(broken)) from broken
        self.traffic.requests += 1
        return connection

    async def _ready(self) -> Connection:
        """A living connection with nothing left to read."""
        if self._closed:
            raise BusUnreachable(self._bus, "the field is closed")
        if self._connection is not None:
            arrived = self._connection.arrived()
            if arrived is not None:
                self.traffic.strays += bool(arrived)
                self._keep_unasked([arrived])
                return self._connection
            self._cut()
        return await self._open()

    async def _open(self) -> Connection:
        wait_s = self._retry_at - self._clock.time()
        if wait_s > 0:
            raise BusUnreachable(
                self._bus, f"left alone for {wait_s:.1f} s more after {self._failures} failures"
            )
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                connection = await self._connect(self._bus.host, self._bus.tcp)
        except OSError as failure:
            self._failures += 1
            self._retry_at = self._clock.time() + self._patience_s()
            raise BusUnreachable(self._bus, str(failure) or "no connection in time") from failure
        self._connection = connection
        self._answered = False
        self.traffic.connects += 1
        if self._closed:
            self._cut()
            raise BusUnreachable(self._bus, "the field is closed")
        return connection

    def _note_barren(self) -> None:
        """A serial server that accepts and hangs up before any reply is left alone, too; from the second time on."""
        if not self._answered:
            self._failures += 1
            if self._failures > 1:
                self._retry_at = self._clock.time() + self._patience_s()

    def _patience_s(self) -> float:
        # bounded before the shift: a gateway that is dead for a week must not compute 2 to the power of thousands
        doublings = min(self._failures - 1, 16)
        return min(self._settings.reconnect_max_s, self._settings.reconnect_first_s * (1 << doublings))

    def _cut(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self.traffic.cuts += 1
