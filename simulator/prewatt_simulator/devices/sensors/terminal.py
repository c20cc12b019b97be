"""Remote terminals: report contacts and, in some models, switch outputs.

Contacts are set from outside and are open at first. An input follows its contact once that has held for the debounce
time; an output with a pulse length opens again by itself. Both moments are known in advance, so nothing is polled.
"""

from dataclasses import dataclass

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.site import SiteMeter
from prewatt_fixtures.wire.pdu import READ_DISCRETE, ExceptionCode, exception
from prewatt_simulator.devices.device import Meter
from prewatt_simulator.devices.layout import Layout

_READ_BITS_MAX = 2000
_READ_PDU_BYTES = 5
_PULSES = (Measurement.PULSE_1, Measurement.PULSE_2, Measurement.PULSE_3, Measurement.PULSE_4)
DEBOUNCE_MS = range(1, 1001)
DEBOUNCE_START_MS = 10


@dataclass(frozen=True, slots=True)
class _PendingChange:
    """A bit that changes at a known time."""

    at_ms: int
    of: str
    """The terminal's `inputs` or `outputs`."""
    bit: int
    on: bool


class RemoteTerminal(Meter):
    """Contact inputs, read as bits and as a register; outputs where the profile has a register for them: ARTU."""

    __slots__ = ("_changes", "inputs", "outputs")

    def __init__(self, placed: SiteMeter, layout: Layout, *, now_ms: int, zone_ms: int, seed: int) -> None:
        super().__init__(placed.number, placed.profile, layout, now_ms)
        self.inputs = 0
        """Bit 0 is input 1; a set bit is closed."""
        self.outputs = 0
        """Bit 0 is output 1; a set bit is closed."""
        self._changes: tuple[_PendingChange, ...] = ()

    @property
    def input_count(self) -> int:
        """Number of inputs of the model."""
        described = self.profile.discrete_inputs
        return 0 if described is None else described.count

    @property
    def output_count(self) -> int:
        """Number of outputs of the model: one per pulse-length register."""
        return sum(self.profile.has(pulse) for pulse in _PULSES)

    def set_contact(self, bit: int, closed: bool) -> None:
        """Close or open the contact at an input, counted from 0; a change within the debounce time cancels the one before."""
        self._cancel("inputs", bit)
        wait_ms = self._number(Measurement.DEBOUNCE, DEBOUNCE_START_MS)
        # with debouncing, a change back to the state of the input needs nothing: the pending change is cancelled above
        if not self.profile.has(Measurement.DEBOUNCE):
            self._apply(_PendingChange(self.settled_ms, "inputs", bit, closed))
        elif closed is not bool(self.inputs >> bit & 1):
            self._changes += (_PendingChange(self.settled_ms + wait_ms, "inputs", bit, closed),)

    def set_outputs(self, outputs: int) -> None:
        """Switch all outputs; a closed one with a pulse length opens again after it."""
        self.outputs = outputs
        for bit, pulse in enumerate(_PULSES[: self.output_count]):
            self._cancel("outputs", bit)
            length_ms = self._number(pulse, 0)
            if outputs >> bit & 1 and length_ms:
                self._changes += (_PendingChange(self.settled_ms + length_ms, "outputs", bit, False),)

    def settle(self, now_ms: int) -> None:
        self.settled_ms = max(self.settled_ms, now_ms)
        for change in self._changes:
            if change.at_ms <= self.settled_ms:
                self._apply(change)
        self._changes = tuple(change for change in self._changes if change.at_ms > self.settled_ms)

    def receive(self, pdu: bytes, now_s: float) -> bytes:
        # contacts change in milliseconds, so they show at once and not with the next measuring period
        if self._changes:
            self.touch(now_s)
        return super().receive(pdu, now_s)

    def other_function(self, pdu: bytes, now_s: float) -> bytes:
        if pdu[0] == READ_DISCRETE:
            return self._read_inputs(pdu)
        return super().other_function(pdu, now_s)

    def _cancel(self, of: str, bit: int) -> None:
        self._changes = tuple(change for change in self._changes if (change.of, change.bit) != (of, bit))

    def _apply(self, change: _PendingChange) -> None:
        bits, one = getattr(self, change.of), 1 << change.bit
        setattr(self, change.of, bits | one if change.on else bits & ~one)

    def _number(self, measurement: Measurement, start: int) -> int:
        return int(self.settings.get(measurement, start))  # type: ignore[arg-type]  # a number by its row

    def _read_inputs(self, pdu: bytes) -> bytes:
        described = self.profile.discrete_inputs
        if described is None:
            return exception(READ_DISCRETE, ExceptionCode.ILLEGAL_FUNCTION)
        count = int.from_bytes(pdu[3:5], "big") if len(pdu) == _READ_PDU_BYTES else 0
        if not 0 < count <= _READ_BITS_MAX:
            return exception(READ_DISCRETE, ExceptionCode.ILLEGAL_VALUE)
        first = int.from_bytes(pdu[1:3], "big") - described.start
        if first < 0 or first + count > described.count:
            return exception(READ_DISCRETE, ExceptionCode.ILLEGAL_ADDRESS)
        bits = self.inputs >> first & (1 << count) - 1
        data = bits.to_bytes((count + 7) // 8, "little")
        return bytes((READ_DISCRETE, len(data))) + data
