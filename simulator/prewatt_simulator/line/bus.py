"""One RS-485 bus: addressing, replies and character times. Sans-io.

`Bus.exchange` sends one request to the devices of a bus, applies the fault rules in force, and records the exchange in
the journal. Bus addresses change between two exchanges, never within one. `Pace` computes transmission times. Waiting
for them, and changing the bytes of a reply frame, belong to `gateway` and `reply_writer`.
"""

import random
from collections.abc import Callable, Iterable
from functools import partial, reduce
from itertools import chain, zip_longest
from operator import and_

from prewatt_fixtures.site import SitePort
from prewatt_fixtures.wire import rtu
from prewatt_fixtures.wire.pdu import BROADCAST_UNIT, EXCEPTION_FLAG, read_holding
from prewatt_simulator.devices.attached import Device
from prewatt_simulator.faults import FaultHandle, FaultKind, Faults, device, wire
from prewatt_simulator.faults.rule import METER_CHANGE_KINDS, WIRE_KINDS
from prewatt_simulator.journal.exchange_outcome import ExchangeOutcome
from prewatt_simulator.journal.journal import MALFORMED_BYTES_MAX, FormerPlace, Journal, Record, Verdict

NO_DEVICE = b""
"""Takes the place of a reply PDU when no device has the address. None means silence for any other reason."""

Answer = tuple[bytes | None, ExchangeOutcome | None]
"""A reply PDU, `NO_DEVICE` or None; and the outcome, None for an exchange without fault and without wire timing."""

_ANSWERED = Verdict.ANSWERED
"""Looked up once: in Python 3.11 reading an enumeration's member costs as much as reading the meter."""
_FRAME_EXTRA_BYTES = 3
"""Unit id and CRC around a PDU on the line."""
_GAP_CHARACTERS = 3.5
_GAP_S_MIN = 0.00175
"""The gap above 19 200 baud (MODBUS over Serial Line V1.02, §2.5.1.1)."""
_TURNAROUND_S = (0.020, 0.080)
"""Shortest and longest time from a request's end to the reply's start (ASSUMED: no source gives a figure)."""

_OTHER_MASTERS_REQUEST = read_holding(0, 2)
"""What the second master of fault `second-master` sends."""


class Pace:
    """Transmission times of one line at its speed and parity, in seconds; turnaround times come from a seed."""

    def __init__(self, port: SitePort, seed: str) -> None:
        # start bit, 8 data bits, parity bit if any, 1 stop bit (MODBUS over Serial Line V1.02, §2.5.1)
        bits = 10 if port.parity == "N" else 11
        self._character_s = bits / port.baud
        self.gap_s = max(_GAP_CHARACTERS * self._character_s, _GAP_S_MIN)
        """Silence that ends a frame and separates two frames."""
        self._rng = random.Random(seed)

    def request_s(self, request: bytes) -> float:
        """Time to transmit a request PDU with unit id and CRC, and the gap after it."""
        return (len(request) + _FRAME_EXTRA_BYTES) * self._character_s + self.gap_s

    def reply_s(self, reply: bytes) -> float:
        """Turnaround time of the device and time to transmit the reply. Draws from the seed: call once per reply."""
        return self._rng.uniform(*_TURNAROUND_S) + (len(reply) + _FRAME_EXTRA_BYTES) * self._character_s


class Bus:
    """The devices attached to one port of a gateway."""

    def __init__(
        self, gateway: str, port: int, meters: Iterable[tuple[int, Device]], faults: Faults, journal: Journal
    ) -> None:
        self.gateway = gateway
        self.port = port
        self.faults = faults
        self.journal = journal
        self._meters: dict[int, Device] = {}
        self._shared: dict[int, tuple[Device, ...]] = {}
        self._record = journal.record
        self._delayed: list[tuple[float, int, bytes, str]] = []
        self.attach(meters)

    def meter_number(self, unit: int) -> str | None:
        """Number of the device at that address; of several devices at one address, all numbers joined by `+`."""
        return "+".join(meter.number for meter in self._devices_at(unit)) or None

    def attach(self, meters: Iterable[tuple[int, Device]]) -> None:
        """Replace the attached devices by `meters`, pairs of unit id and device; an id may occur twice.

        Journal entries so far keep the meter numbers that were attached then.
        """
        before = {unit: self.meter_number(unit) for unit in (*self._meters, *self._shared)}
        units: dict[int, tuple[Device, ...]] = {}
        for unit, meter in meters:
            units[unit] = (*units.get(unit, ()), meter)
        self._meters.clear()
        self._meters.update((unit, sharing[0]) for unit, sharing in units.items() if len(sharing) == 1)
        self._shared = {unit: sharing for unit, sharing in units.items() if len(sharing) > 1}
        if before and before != {unit: self.meter_number(unit) for unit in units}:
            self.journal.attribute_to_former(self, FormerPlace(self.gateway, self.port, before))

    def attach_after_exchange(self, meters: Callable[[], Iterable[tuple[int, Device]]]) -> None:
        """Call `attach` with the result of `meters` once the running exchange is recorded.

        A write of the bus address is answered, and recorded, at the old address.
        """
        self._record = partial(self._record_last, meters)

    def _record_last(self, meters: Callable[[], Iterable[tuple[int, Device]]], record: Record) -> None:
        self._record = self.journal.record
        self._record(record)
        self.attach(meters())

    def _devices_at(self, unit: int) -> tuple[Device, ...]:
        meter = self._meters.get(unit)
        return self._shared.get(unit, ()) if meter is None else (meter,)

    def exchange(self, unit: int, request: bytes, now_s: float, pace: Pace | None = None) -> Answer:
        """Send a request PDU to `unit` at `now_s`, Unix seconds, and return the reply and the outcome.

        With a `pace`, `ExchangeOutcome.held_s` says how long the reply takes on the line. The caller waits.
        """
        # The farm's busiest path: without a rule and without a pace, one look-up, one reply, one record.
        if self.faults.acting or self._delayed:
            reply, outcome = self._exchange_under_faults(unit, request, now_s, ExchangeOutcome(), pace)
        else:
            meter = self._meters.get(unit)
            if meter is None:
                return self._unaddressed(unit, request, now_s, None, pace)
            reply = meter.receive(request, now_s)
            outcome = None if pace is None else ExchangeOutcome()
            self._record((now_s, self, unit, _ANSWERED, request, reply, outcome))
        if pace is not None and outcome is not None and reply:
            outcome.held_s += pace.reply_s(reply)
            if self.faults.acting:
                reply = self._interrupted(unit, reply, now_s, outcome)
        return reply, outcome

    @property
    def next_delayed_s(self) -> float | None:
        """Time at which the next request of fault `delay-request` reaches its device; None when there is none."""
        return min((held[0] for held in self._delayed), default=None)

    def deliver_delayed(self, until_s: float, now_s: float) -> None:
        """Send the requests that are due until then to their devices; the replies go to nobody.

        A device hears them when they were due, at `now_s` at the latest: on a clock that stands still a delay is over
        before the farm's time has come to it.
        """
        due = [held for held in self._delayed if held[0] <= until_s]
        self._delayed = [held for held in self._delayed if held[0] > until_s]
        for due_s, unit, request, fault in sorted(due):
            heard_s = min(due_s, now_s)
            meter = self._meters.get(unit)
            reply = None if meter is None else meter.receive(request, heard_s)
            self._record((heard_s, self, unit, Verdict.HEARD_LATE, request, reply, ExchangeOutcome(fault)))

    def note_overflow(self, unit: int, request: bytes, now_s: float) -> None:
        """Record a request that the gateway dropped because its queue was full."""
        self._record((now_s, self, unit, Verdict.QUEUE_FULL, request, None, None))

    def note_malformed(self, data: bytes, verdict: Verdict, now_s: float) -> None:
        """Record bytes of a client that are no frame, cut to `MALFORMED_BYTES_MAX`."""
        self.journal.record((now_s, self, None, verdict, data[:MALFORMED_BYTES_MAX], None, None))

    def _unaddressed(
        self, unit: int, request: bytes, now_s: float, outcome: ExchangeOutcome | None, pace: Pace | None
    ) -> Answer:
        if unit in self._shared:
            replies = [meter.receive(request, now_s) for meter in self._shared[unit]]
            return self._collide(unit, request, replies, now_s, outcome or ExchangeOutcome(), pace)
        # unit 0 is a broadcast: every device executes it and none answers (MODBUS over Serial Line V1.02, §2.1)
        if unit != BROADCAST_UNIT:
            self._record((now_s, self, unit, Verdict.ABSENT, request, None, outcome))
            return NO_DEVICE, outcome
        for meter in (*self._meters.values(), *chain(*self._shared.values())):
            meter.receive(request, now_s)
        self._record((now_s, self, unit, Verdict.BROADCAST, request, None, outcome))
        return None, outcome

    def _collide(
        self,
        unit: int,
        request: bytes,
        replies: list[bytes],
        now_s: float,
        outcome: ExchangeOutcome,
        pace: Pace | None,
    ) -> Answer:
        """Record an exchange whose `replies` overlap on the line; the client gets no sound frame."""
        outcome.noise = overlapped([rtu.encode(unit, reply) for reply in replies])
        if pace is not None:
            outcome.held_s += pace.reply_s(max(replies, key=len))
        self._record((now_s, self, unit, Verdict.COLLIDED, request, None, outcome))
        return NO_DEVICE, outcome

    def _interrupted(self, unit: int, reply: bytes, now_s: float, outcome: ExchangeOutcome) -> bytes:
        """The reply, or `NO_DEVICE` when the second master of a fault transmits into it.

        Rules on the line come last, because the reply's time on the line is known only now.
        """
        hit = self.faults.line_hit(self.gateway, self.port, now_s, now_s + outcome.held_s)
        if hit is None:
            return reply
        outcome.fault, outcome.hit = hit.name, None
        outcome.noise = overlapped([rtu.encode(unit, reply), rtu.encode(unit, _OTHER_MASTERS_REQUEST)])
        return NO_DEVICE

    def _exchange_under_faults(
        self, unit: int, request: bytes, now_s: float, outcome: ExchangeOutcome, pace: Pace | None
    ) -> Answer:
        # A delayed request that is due goes first: the device has to have executed it before it reads this one.
        self.deliver_delayed(now_s, now_s)
        number = self.meter_number(unit)
        outcome.fault = self.faults.down(number, now_s) or self._request_lost_to_noise(request, now_s, pace)
        if outcome.fault is not None:
            self._record((now_s, self, unit, Verdict.REQUEST_LOST, request, None, outcome))
            return None, outcome
        hit = self.faults.hit(self.gateway, self.port, number, request, now_s)
        meter = self._meters.get(unit)
        if hit is None:
            if meter is None:
                return self._unaddressed(unit, request, now_s, outcome, pace)
            reply = meter.receive(request, now_s)
            self._record((now_s, self, unit, Verdict.ANSWERED, request, reply, outcome))
            return reply, outcome
        outcome.fault = hit.name
        kind = hit.fault.kind
        # The bus answers as usual under these kinds; the gateway changes the reply frame (`reply_writer`).
        if kind in WIRE_KINDS:
            outcome.hit = hit
        if kind in {FaultKind.LOSE_REQUEST, FaultKind.DEAD_GATEWAY}:
            self._record((now_s, self, unit, Verdict.REQUEST_LOST, request, None, outcome))
            return None, outcome
        if meter is None:
            return self._unaddressed(unit, request, now_s, outcome, pace)
        if kind == FaultKind.COLLIDE:
            reply = meter.receive(request, now_s)
            other = reply[:1] + hit.rng.randbytes(len(reply) - 1)
            return self._collide(unit, request, [reply, other], now_s, outcome, pace)
        verdict, answer = self._answer_under_fault(hit, meter, unit, request, now_s)
        outcome.held_s = (hit.fault.delay_s or 0.0) if kind == FaultKind.DELAY_REPLY else 0.0
        self._record((now_s, self, unit, verdict, request, answer, outcome))
        if verdict is Verdict.ABSENT:
            return NO_DEVICE, outcome
        return answer if verdict is Verdict.ANSWERED else None, outcome

    def _request_lost_to_noise(self, request: bytes, now_s: float, pace: Pace | None) -> str | None:
        """Name of the rule whose second master transmitted while the request was on the line; None without one."""
        if pace is None:
            return None
        hit = self.faults.line_hit(self.gateway, self.port, now_s - pace.request_s(request), now_s)
        return None if hit is None else hit.name

    def _interrupt_power(self, meter: Device, hit: FaultHandle, now_s: float) -> None:
        back_s = now_s + (hit.fault.lasts_s or 0.0)
        self.faults.take_down(meter.number, back_s, hit)
        device.lose_power(meter, back_s)

    def _answer_under_fault(
        self, hit: FaultHandle, meter: Device, unit: int, request: bytes, now_s: float
    ) -> tuple[Verdict, bytes | None]:
        """Apply the matching fault to `request` and return the verdict and the reply PDU, None for silence."""
        fault = hit.fault
        match fault.kind:
            case FaultKind.DEAD_METER:
                return Verdict.ABSENT, None
            case FaultKind.EXCEPTION:
                return Verdict.ANSWERED, bytes((request[0] | EXCEPTION_FLAG, fault.code or 0))
            case FaultKind.DELAY_REQUEST:
                self._delayed.append((now_s + (fault.delay_s or 0.0), unit, request, hit.name))
                return Verdict.HELD, None
            case FaultKind.REBOOT_METER:
                self._interrupt_power(meter, hit, now_s)
                return Verdict.REQUEST_LOST, None
            case FaultKind.TORN_WRITE:
                device.tear_write(meter, request, fault.applied or 0, now_s)
                self._interrupt_power(meter, hit, now_s)
                return Verdict.REPLY_LOST, None
            case FaultKind.STALE:
                if hit.picture is None:
                    hit.picture = (device.picture_of(meter, now_s), now_s)
                return Verdict.ANSWERED, hit.picture[0].receive(request, hit.picture[1])
            case FaultKind.TORN_READ:
                return Verdict.ANSWERED, device.torn_read(meter, request, fault.register, now_s)
            case FaultKind.CORRUPT_REQUEST:
                return Verdict.ANSWERED, meter.receive(wire.flip_bit(request, hit.rng, start=1), now_s)
            case FaultKind.REPEAT_REQUEST:
                meter.receive(request, now_s)
        # The meter changes before it executes the request, so the reply already shows the change.
        if fault.kind in METER_CHANGE_KINDS:
            device.apply(meter, fault, now_s)
            if not hit.revert:
                hit.revert.append(partial(device.revert, meter, fault))
        reply = wire.damage_pdu(fault, meter.receive(request, now_s), hit.rng)
        return (Verdict.REPLY_LOST if fault.kind == FaultKind.LOSE_REPLY else Verdict.ANSWERED), reply


def overlapped(frames: Iterable[bytes]) -> bytes:
    """Bytes on the line when several devices transmit at once, each one character after the one before.

    The result is never a frame with a valid CRC.
    """
    # An idle line reads as ones, and a driven zero wins over a one: the bytes combine by AND.
    late = [b"\xff" * behind + frame for behind, frame in enumerate(frames)]
    heard = bytearray(reduce(and_, characters) for characters in zip_longest(*late, fillvalue=0xFF))
    heard[-1] ^= rtu.is_whole(bytes(heard))
    return bytes(heard)
