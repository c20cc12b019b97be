"""Journal of the buses: every request that arrived, its outcome, and the fault that hit it; malformed bytes, too.

Bounded and always on. Recording appends one plain tuple; `Entry` objects are made when the journal is read.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple, Protocol

from prewatt_fixtures.wire import pdu as modbus
from prewatt_simulator.journal.exchange_outcome import ExchangeOutcome

ENTRIES_MAX = 20_000
"""Bounds the memory of a farm that serves for days; the oldest entries go first."""


class Verdict(StrEnum):
    """Outcome of a request."""

    ANSWERED = "answered"
    """A reply left, possibly an exception."""
    ABSENT = "absent"
    """No device has that address."""
    BROADCAST = "broadcast"
    """Every device executed it; none answers."""
    REQUEST_LOST = "request-lost"
    """It did not reach the device."""
    REPLY_LOST = "reply-lost"
    """The device executed it; its reply was lost."""
    COLLIDED = "collided"
    """The device executed it; its reply overlapped another one, and no sound frame arrived."""
    HELD = "held"
    """The gateway delayed it (fault `delay-request`)."""
    HEARD_LATE = "heard-late"
    """A delayed request was executed; its reply went to nobody."""
    QUEUE_FULL = "queue-full"
    """The gateway dropped it because its queue was full."""
    BAD_CRC = "bad-crc"
    """RTU bytes that are no frame: no valid CRC where their function, or silence, ends them."""
    BAD_HEADER = "bad-header"
    """A Modbus TCP header with a wrong protocol id or length; the gateway closed the connection."""
    TRUNCATED = "truncated"
    """A Modbus TCP connection ended inside a frame."""


MALFORMED = frozenset({Verdict.BAD_CRC, Verdict.BAD_HEADER, Verdict.TRUNCATED})
"""Verdicts on bytes that are no frame. They reach no bus."""
MALFORMED_BYTES_MAX = 256
"""Bytes that an entry keeps of a malformed run; a client may send any number."""


class Place(Protocol):
    """The bus on which a frame was seen."""

    @property
    def gateway(self) -> str: ...
    @property
    def port(self) -> int: ...

    def meter_number(self, unit: int) -> str | None:
        """Number of the device at that address."""
        ...


class FormerPlace(NamedTuple):
    """A bus with the addresses that its devices had before they changed."""

    gateway: str
    port: int
    numbers: Mapping[int, str | None]

    def meter_number(self, unit: int) -> str | None:
        """Number of the device that was at that address."""
        return self.numbers.get(unit)


class Entry(NamedTuple):
    """One request and its outcome."""

    at: float
    """Farm time, Unix seconds, at which the request was transmitted completely."""
    gateway: str
    port: int
    unit: int | None
    """None for malformed bytes: their address is no more certain than the rest."""
    meter: str | None
    verdict: Verdict
    request: bytes
    """PDU; of malformed bytes the first `MALFORMED_BYTES_MAX`, as they arrived."""
    reply: bytes | None
    fault: str | None
    took_s: float = 0.0
    """Seconds from `at` to the reply's last character."""
    sent: tuple[bytes, ...] | None = None
    """The segments that left, where a fault changed the reply frame."""

    @property
    def function(self) -> int | None:
        """The request's function code; None for malformed bytes."""
        return None if self.verdict in MALFORMED else self.request[0]


OVERLAP = "request before the reply"
"""`PortEvent.what` of a request that arrived while another was in flight on the bus."""


class PortEvent(NamedTuple):
    """An event at a port that is no exchange: a client refused or dropped, a request before the reply to another."""

    at: float
    gateway: str
    port: int
    what: str
    fault: str | None
    unit: int | None
    request: bytes


Record = tuple[float, Place, int | None, Verdict, bytes, bytes | None, ExchangeOutcome | None]


class Journal:
    """The last `entries_max` requests and malformed runs of a farm, oldest first, and as many port events.

    `tap` is called with every record and event. Iteration yields `Entry` objects.
    """

    def __init__(
        self, entries_max: int = ENTRIES_MAX, *, tap: Callable[[Record | PortEvent], None] | None = None
    ) -> None:
        self._records: deque[Record] = deque(maxlen=entries_max)
        self._port_events: deque[PortEvent] = deque(maxlen=entries_max)
        self._tap = tap
        self.record: Callable[[Record], None] = self._records.append if tap is None else self._record_and_tap
        """Takes (time, bus, unit, verdict, request PDU, reply PDU, outcome).

        Without a tap it is the deque's own `append`: every request passes here.
        """

    def note(self, event: PortEvent) -> None:
        """Record a port event."""
        self._port_events.append(event)
        if self._tap is not None:
            self._tap(event)

    @property
    def port_events(self) -> list[PortEvent]:
        """Port events, oldest first."""
        return list(self._port_events)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Entry]:
        return map(entry_of, self.records())

    def records(self) -> list[Record]:
        """All records as plain tuples, oldest first."""
        return list(self._records)

    def _record_and_tap(self, record: Record) -> None:
        assert self._tap is not None
        self._records.append(record)
        self._tap(record)

    def attribute_to_former(self, place: Place, former: Place) -> None:
        """Attribute all records of `place` so far to `former`, so that they keep their meter numbers."""
        attributed = [
            record if record[1] is not place else (record[0], former, *record[2:]) for record in self._records
        ]
        # changed in place: `record` is bound to this deque
        self._records.clear()
        self._records.extend(attributed)

    def clear(self) -> None:
        """Delete all entries and port events."""
        self._records.clear()
        self._port_events.clear()

    def requests(
        self,
        *,
        gateway: str | None = None,
        port: int | None = None,
        meter: str | None = None,
        function: int | None = None,
        verdict: Verdict | None = None,
    ) -> list[Entry]:
        """The entries that match every given value, oldest first."""
        asked = {"gateway": gateway, "port": port, "meter": meter, "function": function, "verdict": verdict}
        wanted = {name: value for name, value in asked.items() if value is not None}
        return [entry for entry in self if all(getattr(entry, n) == value for n, value in wanted.items())]

    def writes(self, meter: str | None = None) -> list[Entry]:
        """Requests of every function other than the four reads, oldest first."""
        reads = {modbus.READ_COILS, modbus.READ_DISCRETE, modbus.READ_HOLDING, modbus.READ_INPUT}
        return [entry for entry in self.requests(meter=meter) if entry.function not in {None, *reads}]

    def faulted(self) -> list[Entry]:
        """Entries that a fault hit."""
        return [entry for entry in self if entry.fault is not None]


def entry_of(record: Record) -> Entry:
    """The entry of a record; looks up the meter number of its address."""
    at, place, unit, verdict, request, reply, outcome = record
    meter = None if unit is None else place.meter_number(unit)
    if outcome is None:
        return Entry(at, place.gateway, place.port, unit, meter, verdict, request, reply, None)
    result = (outcome.fault, outcome.held_s, outcome.sent)
    return Entry(at, place.gateway, place.port, unit, meter, verdict, request, reply, *result)
