"""Journal of the wires: every request that arrived, its outcome, and the fault that hit it.

Bounded and always on. Recording is one append of a plain tuple; entries are made when somebody asks.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple, Protocol

from prewatt_fixtures.wire import pdu as modbus
from prewatt_simulator.journal.exchange_outcome import ExchangeOutcome

ENTRIES_MAX = 20_000


class Verdict(StrEnum):
    """Outcome of a request."""

    ANSWERED = "answered"
    """A reply left, possibly an exception."""
    ABSENT = "absent"
    """No device of that address heard it."""
    BROADCAST = "broadcast"
    """Every device heard it; none answers."""
    REQUEST_LOST = "request-lost"
    """It never reached the device."""
    REPLY_LOST = "reply-lost"
    """The device did it, and its reply was lost."""
    COLLIDED = "collided"
    """Several devices of that address did it and answered at once: nothing readable."""
    HELD = "held"
    """The gateway kept it back; the devices hear it later."""
    HEARD_LATE = "heard-late"
    """A request that was kept back has been done; nobody waits for the reply."""
    CROWDED_OUT = "crowded-out"
    """The gateway's queue was full."""


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
    """A bus as it was, before devices on it got other addresses."""

    gateway: str
    port: int
    numbers: Mapping[int, str | None]

    def meter_number(self, unit: int) -> str | None:
        """Number of the device that was at that address."""
        return self.numbers.get(unit)


class Entry(NamedTuple):
    """One request and its fate."""

    at: float
    """Farm time, Unix seconds, at which the request had reached the bus."""
    gateway: str
    port: int
    unit: int
    meter: str | None
    verdict: Verdict
    request: bytes
    reply: bytes | None
    fault: str | None
    took_s: float = 0.0
    """How long after `at` the reply's last character left."""
    sent: tuple[bytes, ...] | None = None
    """The bytes that left, by segment, where a fault changed them on the way."""

    @property
    def function(self) -> int:
        """The request's function code."""
        return self.request[0]


OVERLAP = "request before the reply"
"""What happened when a bus got a request while another was in flight on it."""


class Happening(NamedTuple):
    """What happened at a port and is no exchange: clients refused or dropped by a fault, requests that overlap."""

    at: float
    gateway: str
    port: int
    what: str
    fault: str | None
    unit: int | None
    request: bytes


Record = tuple[float, Place, int, Verdict, bytes, bytes | None, ExchangeOutcome | None]


class Journal:
    """The last `entries_max` requests of a farm, oldest first. `tap` is called for every record."""

    def __init__(
        self, entries_max: int = ENTRIES_MAX, *, tap: Callable[[Record | Happening], None] | None = None
    ) -> None:
        self._records: deque[Record] = deque(maxlen=entries_max)
        self._happenings: deque[Happening] = deque(maxlen=entries_max)
        self._tap = tap
        self.record: Callable[[Record], None] = self._records.append if tap is None else self._record_told
        """Takes (time, bus, unit, verdict, request PDU, reply PDU, how it went)."""

    def note(self, happening: Happening) -> None:
        """Record an event that is no exchange."""
        self._happenings.append(happening)
        if self._tap is not None:
            self._tap(happening)

    @property
    def happenings(self) -> list[Happening]:
        """What happened beside the exchanges, oldest first."""
        return list(self._happenings)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Entry]:
        return map(entry_of, self.records())

    def records(self) -> list[Record]:
        """All records, oldest first."""
        return list(self._records)

    def _record_told(self, record: Record) -> None:
        assert self._tap is not None
        self._records.append(record)
        self._tap(record)

    def name_former(self, place: Place, former: Place) -> None:
        """Attribute all records of `place` so far to `former`."""
        told = [
            record if record[1] is not place else (record[0], former, *record[2:]) for record in self._records
        ]
        self._records.clear()
        self._records.extend(told)

    def clear(self) -> None:
        """Forget everything."""
        self._records.clear()
        self._happenings.clear()

    def requests(
        self,
        *,
        gateway: str | None = None,
        port: int | None = None,
        meter: str | None = None,
        function: int | None = None,
        verdict: Verdict | None = None,
    ) -> list[Entry]:
        """The entries that fit everything given, oldest first."""
        asked = {"gateway": gateway, "port": port, "meter": meter, "function": function, "verdict": verdict}
        wanted = {name: value for name, value in asked.items() if value is not None}
        return [entry for entry in self if all(getattr(entry, n) == value for n, value in wanted.items())]

    def writes(self, meter: str | None = None) -> list[Entry]:
        """Requests that ask a device to change something."""
        reads = {modbus.READ_COILS, modbus.READ_DISCRETE, modbus.READ_HOLDING, modbus.READ_INPUT}
        return [entry for entry in self.requests(meter=meter) if entry.function not in reads]

    def faulted(self) -> list[Entry]:
        """Entries that a fault touched."""
        return [entry for entry in self if entry.fault is not None]


def entry_of(record: Record) -> Entry:
    """The entry of a record."""
    at, place, unit, verdict, request, reply, outcome = record
    meter = place.meter_number(unit)
    if outcome is None:
        return Entry(at, place.gateway, place.port, unit, meter, verdict, request, reply, None)
    went = (outcome.fault, outcome.held_s, outcome.sent)
    return Entry(at, place.gateway, place.port, unit, meter, verdict, request, reply, *went)
