"""A recording served as a farm is: the same buses, gateways, faults and journal, with recorded devices on them."""

from collections import defaultdict
from collections.abc import Mapping
from statistics import median

from prewatt_fixtures.clock import Clock, ScaledClock
from prewatt_fixtures.wire.pdu import BROADCAST_UNIT, EXCEPTION_FLAG, ExceptionCode
from prewatt_simulator.faults import Faults, FaultTargets
from prewatt_simulator.journal.exchange_outcome import ExchangeOutcome
from prewatt_simulator.journal.journal import Journal, Verdict
from prewatt_simulator.line.bus import NO_DEVICE, Answer, Bus, Pace
from prewatt_simulator.line.listener import BusServer
from prewatt_simulator.recording.device import RecordedDevice
from prewatt_simulator.recording.file import Exchange, Recording
from prewatt_simulator.recording.tape import Tape

_NOBODY_THERE = ExceptionCode.GATEWAY_TARGET


class Replay(BusServer):
    """The recorded site. It begins when it is built, at the time of `clock`, by default the time of the recording.

    At the end everything stays as it was last; with `loop` the recording begins again, and forgets what was written.
    A unit that never answered is not there. A device's number is made as in a site: gateway, port, unit.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        clock: Clock | None = None,
        seed: int = 1,
        loop: bool = False,
        latencies: bool = False,
        journal: Journal | None = None,
    ) -> None:
        self.recording = recording
        self.clock = ScaledClock(recording.start) if clock is None else clock
        self.seed = seed
        self.journal = Journal() if journal is None else journal
        tape = Tape(self.clock.time(), recording.length_us if loop else None)
        devices = {
            (gateway, port, unit): RecordedDevice(f"{gateway}{port:02X}{unit:02X}", heard, tape)
            for (gateway, port, unit), heard in _by_device(recording).items()
        }
        self.device_numbers = tuple(device.number for device in devices.values())
        """Of all that answered, in the order of their buses and addresses."""
        there = {device.number: device for device in devices.values()}
        self.faults = Faults(seed, FaultTargets(recording.places, there), self.clock)
        self._buses = {
            place: ReplayedBus(
                *place,
                {key[2]: device for key, device in devices.items() if key[:2] == place},
                self.faults,
                self.journal,
                _latencies_s(recording) if latencies else {},
            )
            for place in sorted(recording.places)
        }


class ReplayedBus(Bus):
    """A bus on which a device may leave a request unanswered, because it did so then."""

    def __init__(
        self,
        gateway: str,
        port: int,
        devices: dict[int, RecordedDevice],
        faults: Faults,
        journal: Journal,
        latencies_s: Mapping[tuple[str, int, int], float],
    ) -> None:
        super().__init__(gateway, port, devices.items(), faults, journal)
        self._devices = devices
        self._latencies_s = latencies_s

    def exchange(self, unit: int, request: bytes, now_s: float, pace: Pace | None = None) -> Answer:
        """As on any bus; silence is recorded as of a device that is not there."""
        device = self._devices.get(unit)
        if device is not None and device.is_silent(request, now_s):
            self.journal.record((now_s, self, unit, Verdict.ABSENT, request, None, None))
            return NO_DEVICE, None
        reply, outcome = super().exchange(unit, request, now_s, pace)
        latency_s = self._latencies_s.get((self.gateway, self.port, unit))
        if latency_s is not None and reply:
            outcome = outcome or ExchangeOutcome()
            outcome.held_s += latency_s
        return reply, outcome


def _latencies_s(recording: Recording) -> dict[tuple[str, int, int], float]:
    """The median time that each device took to answer, seconds; by gateway, port and unit id."""
    taken: dict[tuple[str, int, int], list[int]] = defaultdict(list)
    for exchange in recording.exchanges:
        if exchange.latency_us is not None and exchange.reply is not None:
            taken[exchange.gateway, exchange.port, exchange.unit].append(exchange.latency_us)
    return {place: median(latencies_us) / 1e6 for place, latencies_us in taken.items()}


def _by_device(recording: Recording) -> dict[tuple[str, int, int], list[Exchange]]:
    heard: dict[tuple[str, int, int], list[Exchange]] = defaultdict(list)
    for exchange in recording.exchanges:
        if exchange.unit != BROADCAST_UNIT:
            key = (exchange.gateway, exchange.port, exchange.unit)
            heard[key].append(_of_the_device(exchange))
    return {
        key: exchanges
        for key, exchanges in sorted(heard.items())
        if any(each.reply is not None for each in exchanges)
    }


def _of_the_device(exchange: Exchange) -> Exchange:
    """With silence in place of a gateway's own word that nobody is there."""
    if exchange.reply == bytes((exchange.request[0] | EXCEPTION_FLAG, _NOBODY_THERE)):
        return exchange._replace(reply=None)
    return exchange
