"""One RS-485 line: who hears a frame, what comes back, and how long characters take. Sans-io.

`Bus.exchange` carries one request to the devices of the line, through the faults in force, into the journal. `Pace`
is the arithmetic of the copper; waiting is the gateway's business.
"""

import random
from collections.abc import Iterable

from prewatt_fixtures.site import SitePort
from prewatt_fixtures.wire.pdu import BROADCAST_UNIT
from prewatt_simulator.faults import FaultHandle, FaultKind, Faults
from prewatt_simulator.journal import Journal, Verdict
from prewatt_simulator.meters.meter import Meter

NOBODY = b""
"""Instead of a reply: no device has that address. None instead of a reply is silence for another reason."""

Answer = tuple[bytes | None, float]
"""A reply PDU, `NOBODY` or None; and the seconds for which a fault holds it back."""

_FRAME_EXTRA_BYTES = 3
"""Unit id and CRC around a PDU on the line."""
_GAP_CHARACTERS = 3.5
_TURNAROUND_S = (0.020, 0.080)
"""How long a meter takes to answer (ASSUMED: no source gives a figure)."""


class Bus:
    """The devices behind one port of a gateway."""

    def __init__(
        self, gateway: str, port: int, meters: Iterable[tuple[int, Meter]], faults: Faults, journal: Journal
    ) -> None:
        self.gateway = gateway
        self.port = port
        self._meters = dict(meters)
        self._faults = faults
        self._record = journal.record

    def meter_number(self, unit: int) -> str | None:
        """Number of the device at that address."""
        meter = self._meters.get(unit)
        return None if meter is None else meter.number

    def exchange(self, unit: int, request: bytes, now_s: float) -> Answer:
        """Let the line hear a request at `now_s`."""
        if self._faults.rules:
            fault = self._faults.strike(self.gateway, self.port, self.meter_number(unit), request)
            if fault is not None:
                return self._exchange_struck(fault, unit, request, now_s)
        meter = self._meters.get(unit)
        if meter is None:
            return self._unaddressed(unit, request, now_s, None), 0.0
        reply = meter.receive(request, now_s)
        self._record((now_s, self, unit, Verdict.ANSWERED, request, reply, None))
        return reply, 0.0

    def crowd_out(self, unit: int, request: bytes, now_s: float) -> None:
        """The gateway had no room for a request."""
        self._record((now_s, self, unit, Verdict.CROWDED_OUT, request, None, None))

    def _unaddressed(self, unit: int, request: bytes, now_s: float, fault: str | None) -> bytes | None:
        if unit != BROADCAST_UNIT:
            self._record((now_s, self, unit, Verdict.ABSENT, request, None, fault))
            return NOBODY
        for meter in self._meters.values():
            meter.receive(request, now_s)
        self._record((now_s, self, unit, Verdict.BROADCAST, request, None, fault))
        return None

    def _exchange_struck(self, fault: FaultHandle, unit: int, request: bytes, now_s: float) -> Answer:
        kind = fault.fault.kind
        if kind in {FaultKind.LOSE_REQUEST, FaultKind.DEAD_GATEWAY}:
            self._record((now_s, self, unit, Verdict.REQUEST_LOST, request, None, fault.name))
            return None, 0.0
        meter = self._meters.get(unit)
        if meter is None:
            return self._unaddressed(unit, request, now_s, fault.name), 0.0
        if kind == FaultKind.DEAD_METER:
            self._record((now_s, self, unit, Verdict.ABSENT, request, None, fault.name))
            return NOBODY, 0.0
        reply = meter.receive(request, now_s)
        if kind == FaultKind.LOSE_REPLY:
            self._record((now_s, self, unit, Verdict.REPLY_LOST, request, reply, fault.name))
            return None, 0.0
        self._record((now_s, self, unit, Verdict.ANSWERED, request, reply, fault.name))
        return reply, fault.fault.delay_s or 0.0


class Pace:
    """How long things take on one line, at its speed and parity; turnaround times come from a seed."""

    def __init__(self, port: SitePort, seed: str) -> None:
        bits = 10 if port.parity == "N" else 11
        self._character_s = bits / port.baud
        self._rng = random.Random(seed)

    def request_s(self, request: bytes) -> float:
        """Until a device has heard a request and the gap behind it."""
        return (len(request) + _FRAME_EXTRA_BYTES + _GAP_CHARACTERS) * self._character_s

    def reply_s(self, reply: bytes) -> float:
        """From there until the last character of the reply."""
        return self._rng.uniform(*_TURNAROUND_S) + (len(reply) + _FRAME_EXTRA_BYTES) * self._character_s
