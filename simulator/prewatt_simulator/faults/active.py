"""Rules in force in one farm: matching of frames, seeded chance, and lasting effects."""

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from prewatt_fixtures.bounds import SettingRefused, shown
from prewatt_fixtures.clock import Clock
from prewatt_fixtures.wire import pdu as modbus
from prewatt_simulator.devices.attached import Device
from prewatt_simulator.devices.device import Meter
from prewatt_simulator.devices.energy.meter import EnergyMeter
from prewatt_simulator.devices.prepaid.meter import PrepaidMeter
from prewatt_simulator.errors import FaultRuleError
from prewatt_simulator.faults.rule import (
    ADDRESSED,
    CALL_KINDS,
    CONNECTION_KINDS,
    ENERGY_METER_KINDS,
    LINE_KINDS,
    METER_CHANGE_KINDS,
    ONLY_FUNCTIONS,
    PREPAID_KINDS,
    Fault,
    FaultKind,
)

_ADDRESS_AND_COUNT_BYTES = 5
_NOT_OF_REQUESTS = CONNECTION_KINDS | LINE_KINDS | CALL_KINDS
_KEEPS_A_REPLY = frozenset(
    {FaultKind.JOIN_REPLIES, FaultKind.SWAP_REPLIES, FaultKind.CROSS_REPLY, FaultKind.BACKLOG}
)
"""Kinds whose hit changes a later exchange, too, which has to be recorded with what was sent."""
_NEEDS_OTHERS = frozenset({FaultKind.REFUSE_SECOND_CLIENT, FaultKind.KICK_FIRST_CLIENT})


@dataclass(frozen=True, slots=True)
class FaultTargets:
    """The gateways, buses and meters that a fault rule may name."""

    ports: Collection[tuple[str, int]]
    """Gateway and port."""
    meters: Mapping[str, Device]
    """By meter number."""
    wire_timing: bool = False
    """Whether frames take time on the line."""
    dials: Collection[tuple[str, int]] = ()
    """The ports that dial out."""


class FaultHandle:
    """A rule in force: counts its hits; `Faults.remove` takes it."""

    def __init__(self, name: str, fault: Fault, rng: random.Random) -> None:
        self.name = name
        self.fault = fault
        self.fired = 0
        self.rng = rng
        """Source of everything random in a hit, seeded from the farm's seed and the rule's name."""
        self.picture: tuple[Device, float] | None = None
        """The register picture that a stale meter repeats, and its time in seconds."""
        self.revert: list[Callable[[float], None]] = []
        """Called with the time in seconds when the rule is removed; each ends a lasting effect on one meter."""
        self._seen = 0
        self._functions = ONLY_FUNCTIONS.get(FaultKind(fault.kind))
        # a periodic fault starts anywhere in its period, so that it keeps no step with the client's polls
        self._phase_s = 0.0 if fault.every_s is None else rng.uniform(0, fault.every_s)
        self._limit = 1 if fault.count is None and fault.kind in METER_CHANGE_KINDS else fault.count
        self._since_s = None if fault.since is None else fault.since.timestamp()
        self._until_s = None if fault.until is None else fault.until.timestamp()

    def hits_request(self, gateway: str, port: int, meter: str | None, request: bytes, now_s: float) -> bool:
        """Whether the rule hits this frame; counts the hit."""
        fault = self.fault
        # `_fires` stays last: it counts frames for `skip` and draws chance, only for frames that match the rule
        return (
            fault.kind not in _NOT_OF_REQUESTS
            and self._in_force(gateway, port, now_s)
            and fault.meter in {None, meter}
            and fault.function in {None, request[0]}
            and (self._functions is None or request[0] in self._functions)
            and (fault.register is None or _touches(request, fault.register))
            and self._fires()
        )

    def hits_client(self, gateway: str, port: int, now_s: float, *, others: bool) -> bool:
        """Whether the rule hits a client that connects now; counts the hit."""
        kind = self.fault.kind
        return (
            kind in CONNECTION_KINDS
            and (others or kind not in _NEEDS_OTHERS)
            and self._in_force(gateway, port, now_s)
            and self._fires()
        )

    def hits_call(self, gateway: str, port: int, now_s: float, *, called_before: bool) -> bool:
        """Whether the rule hits a call of a gateway now; counts the hit."""
        kind = self.fault.kind
        return (
            kind in CALL_KINDS
            and (called_before or kind != FaultKind.REPLAY_SESSION)
            and self._in_force(gateway, port, now_s)
            and self._fires()
        )

    def hits_line(self, gateway: str, port: int, begun_s: float, ended_s: float) -> bool:
        """Whether the rule hits a frame on the line between two moments; counts the hit."""
        every_s = self.fault.every_s
        if every_s is None or not self._in_force(gateway, port, begun_s):
            return False
        # a period ends within the frame when the number of full periods differs between its two ends
        return (begun_s - self._phase_s) // every_s < (ended_s - self._phase_s) // every_s and self._fires()

    def _in_force(self, gateway: str, port: int, now_s: float) -> bool:
        return (
            self.fault.gateway in {None, gateway}
            and self.fault.port in {None, port}
            and (self._since_s is None or now_s >= self._since_s)
            and (self._until_s is None or now_s < self._until_s)
        )

    @property
    def spent(self) -> bool:
        """Whether it has fired as often as it may."""
        return self._limit is not None and self.fired >= self._limit

    def _fires(self) -> bool:
        fault = self.fault
        if self.spent:
            return False
        self._seen += 1
        if self._seen <= fault.skip or (fault.probability < 1 and self.rng.random() >= fault.probability):
            return False
        self.fired += 1
        return True


def _touches(request: bytes, register: int) -> bool:
    if request[0] not in ADDRESSED or len(request) < _ADDRESS_AND_COUNT_BYTES:
        return False
    start = int.from_bytes(request[1:3], "big")
    single = request[0] in {modbus.WRITE_COIL, modbus.WRITE_SINGLE}
    count = 1 if single else int.from_bytes(request[3:5], "big")
    return start <= register < start + count


class Faults:
    """The rules in force in one farm, matched in the order of adding; the first that fires is applied."""

    def __init__(self, seed: int, targets: FaultTargets, clock: Clock) -> None:
        self._seed = seed
        self._targets = targets
        self._clock = clock
        self._start_s = clock.time()
        self._added = 0
        self._down: dict[str | tuple[str, int], tuple[float, str]] = {}
        self._baseline: tuple[Fault, ...] = ()
        self.rules: list[FaultHandle] = []
        """All that were added and not removed; those whose `count` is used up, too."""
        self._live: list[FaultHandle] = []
        """Rules that can still fire, in the order of adding."""
        self.acting = False
        """Whether a rule can fire or something is down; a plain attribute, because the bus looks at every request."""

    def add(self, fault: Fault) -> FaultHandle:
        """Put a rule in force. Raises `FaultRuleError` when it can never apply in this farm."""
        if not isinstance(fault, Fault):
            raise SettingRefused("fault", "a Fault", fault)
        self._check_place(fault)
        self._check_meter(fault)
        self._check_window(fault)
        return self._put(fault)

    def _put(self, fault: Fault) -> FaultHandle:
        # the random source is seeded by the name, so a rule draws the same whatever other rules draw
        self._added += 1
        name = f"{fault.kind}-{self._added}"
        handle = FaultHandle(name, fault, random.Random(f"{self._seed}/{name}"))
        self.rules.append(handle)
        self._live.append(handle)
        self.acting = True
        return handle

    def set_baseline(self) -> None:
        """Make the rules in force those to which `reset` returns."""
        self._baseline = tuple(handle.fault for handle in self.rules)

    def remove(self, handle: FaultHandle) -> None:
        """Remove a rule and end its effects; does nothing for a rule that was removed before."""
        if handle in self.rules:
            self.rules.remove(handle)
            if handle in self._live:
                self._live.remove(handle)
            for revert in handle.revert:
                revert(self._clock.time())
            handle.revert.clear()
            self._down = {place: down for place, down in self._down.items() if down[1] != handle.name}
            self._note_acting()

    def clear(self) -> None:
        """Remove all rules and end their effects."""
        for handle in tuple(self.rules):
            self.remove(handle)

    def reset(self) -> None:
        """Put the baseline's rules and no others in force, with no hits counted and every random source seeded anew."""
        self.clear()
        self._added = 0
        for fault in self._baseline:
            self._put(fault)

    def hit(
        self, gateway: str, port: int, meter: str | None, request: bytes, now_s: float
    ) -> FaultHandle | None:
        """The rule that hits this request; None when none does."""
        return self._first(lambda rule: rule.hits_request(gateway, port, meter, request, now_s))

    def client_hit(self, gateway: str, port: int, now_s: float, *, others: bool) -> FaultHandle | None:
        """The rule that hits a client that connects now; `others` are connected already."""
        return self._first(lambda rule: rule.hits_client(gateway, port, now_s, others=others))

    def call_hit(self, gateway: str, port: int, now_s: float, *, called_before: bool) -> FaultHandle | None:
        """The rule that hits a call of a gateway that dials out."""
        return self._first(lambda rule: rule.hits_call(gateway, port, now_s, called_before=called_before))

    def line_hit(self, gateway: str, port: int, begun_s: float, ended_s: float) -> FaultHandle | None:
        """The rule that hits a frame transmitted from `begun_s` to `ended_s`."""
        return self._first(lambda rule: rule.hits_line(gateway, port, begun_s, ended_s))

    def _first(self, hits: Callable[[FaultHandle], bool]) -> FaultHandle | None:
        rule = next((rule for rule in self._live if hits(rule)), None)
        if rule is not None and rule.spent and rule.fault.kind not in _KEEPS_A_REPLY:
            # it stays in `rules` for its count of hits; matching would cost every further frame a look at it
            self._live.remove(rule)
            self._note_acting()
        return rule

    def _note_acting(self) -> None:
        self.acting = bool(self._live or self._down)

    def take_down(self, place: str | tuple[str, int], until_s: float, handle: FaultHandle) -> None:
        """Let a meter, by number, or a port, by gateway and port, answer nothing until `until_s`."""
        self._down[place] = (until_s, handle.name)
        self._note_acting()

    def down(self, place: str | tuple[str, int] | None, now_s: float) -> str | None:
        """Name of the rule that took a meter or port down; None when it is up."""
        if place not in self._down:
            return None
        until_s, name = self._down[place]
        if now_s < until_s:
            return name
        del self._down[place]  # it is up again
        self._note_acting()
        return None

    def _check_place(self, fault: Fault) -> None:
        ports = self._targets.ports
        if fault.kind in LINE_KINDS and not self._targets.wire_timing:
            raise FaultRuleError("kind", f"wire timing is on, for {fault.kind}: else no frame lasts")
        if fault.gateway is not None and all(gateway != fault.gateway for gateway, _ in ports):
            raise FaultRuleError("gateway", f"a gateway of this farm with meters, not {shown(fault.gateway)}")
        fitting = [(g, p) for g, p in ports if fault.gateway in {None, g} and fault.port in {None, p}]
        if not fitting:
            raise FaultRuleError("port", f"a port with meters, not {fault.port}")
        if fault.kind in CALL_KINDS and not set(fitting) & set(self._targets.dials):
            raise FaultRuleError("gateway", f"a gateway that dials out, for {fault.kind}")
        if fault.meter is None:
            return
        if fault.meter not in self._targets.meters:
            raise FaultRuleError("meter", f"a meter of this farm, not {shown(fault.meter)}")
        if not any(fault.meter.startswith(f"{gateway}{port:02X}") for gateway, port in fitting):
            raise FaultRuleError("meter", f"a meter behind that gateway and port, not {shown(fault.meter)}")

    def _check_window(self, fault: Fault) -> None:
        for key, moment in {"since": fault.since, "until": fault.until}.items():
            if moment is not None and moment.timestamp() < self._start_s:
                raise FaultRuleError(key, f"a time after the farm's start, not {moment}")
        if fault.until is not None and fault.until.timestamp() <= self._clock.time():
            now = self._clock.now().isoformat()
            raise FaultRuleError("until", f"a time after the farm's present ({now}), not {fault.until}")

    def _check_meter(self, fault: Fault) -> None:
        if fault.meter is None:
            return
        meter = self._targets.meters[fault.meter]
        if fault.kind == FaultKind.STALE and not isinstance(meter, Meter):
            raise FaultRuleError("meter", "a simulated meter, not one of a recording")
        if fault.kind in PREPAID_KINDS and not isinstance(meter, PrepaidMeter):
            raise FaultRuleError("meter", f"a prepaid meter, not a {meter.model}")
        if fault.kind in ENERGY_METER_KINDS and not isinstance(meter, EnergyMeter):
            raise FaultRuleError("meter", f"an energy meter, not a {meter.model}")
