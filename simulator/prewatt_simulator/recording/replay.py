"""Serves a recording like a farm: the same buses, gateways, faults and journal, with recorded devices."""

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
from prewatt_simulator.recording.playback import Playback

_GATEWAY_TARGET = ExceptionCode.GATEWAY_TARGET


class Replay(BusServer):
    """A recorded site. The replay starts when the object is built; `clock` defaults to one that starts at the recording's.

    At the end the last values stay; with `loop` the recording starts again, without what was written. With `latencies`
    a device answers after its median recorded time. A unit that never answered is no device. Numbers are made as in a
    site: gateway, port, unit.
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
        playback = Playback(self.clock.time(), recording.length_us if loop else None)
        devices = {
            (gateway, port, unit): RecordedDevice(f"{gateway}{port:02X}{unit:02X}", heard, playback)
            for (gateway, port, unit), heard in _by_device(recording).items()
        }
        self.device_numbers = tuple(device.number for device in devices.values())
        """Numbers of the units that ever answered, by bus and address."""
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
    """Bus with recorded devices, which leave a request unanswered where they did in the recording."""

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
        """As `Bus.exchange`; recorded silence gets the verdict of an absent device."""
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
    """Median time of each device's replies in seconds, by gateway, port and unit id."""
    taken: dict[tuple[str, int, int], list[int]] = defaultdict(list)
    for exchange in recording.exchanges:
        if exchange.latency_us is not None and exchange.reply is not None:
            taken[exchange.gateway, exchange.port, exchange.unit].append(exchange.latency_us)
    return {place: median(latencies_us) / 1e6 for place, latencies_us in taken.items()}


def _by_device(recording: Recording) -> dict[tuple[str, int, int], list[Exchange]]:
    heard: dict[tuple[str, int, int], list[Exchange]] = defaultdict(list)
    for exchange in recording.exchanges:
        if exchange.unit != BROADCAST_UNIT:  # nobody answers a broadcast, so it shows nothing of a device
            key = (exchange.gateway, exchange.port, exchange.unit)
            heard[key].append(_without_gateway_reply(exchange))
    return {
        key: exchanges
        for key, exchanges in sorted(heard.items())
        if any(each.reply is not None for each in exchanges)
    }


def _without_gateway_reply(exchange: Exchange) -> Exchange:
    """The exchange, with silence in place of a gateway's own exception 0BH for an absent device."""
    if exchange.reply == bytes((exchange.request[0] | EXCEPTION_FLAG, _GATEWAY_TARGET)):
        return exchange._replace(reply=None)
    return exchange
