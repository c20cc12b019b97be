"""Named rules that make the field misbehave: where, how often, what.

A `Fault` says what somebody wants; `Faults` holds the rules in force and decides, frame by frame and from a seed,
which of them fires. What a fault then does to the frame is the bus's business.
"""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from prewatt_fixtures.wire import pdu as modbus
from prewatt_simulator.errors import FaultRuleError

_ADDRESS_AND_COUNT_BYTES = 5


class FaultKind(StrEnum):
    """What goes wrong."""

    LOSE_REQUEST = "lose-request"
    """The meter never hears the request."""
    LOSE_REPLY = "lose-reply"
    """The meter does what was asked; its reply is lost."""
    DELAY_REPLY = "delay-reply"
    """The meter does what was asked at once; its reply leaves `delay_s` later, and the bus is busy until then."""
    DEAD_GATEWAY = "dead-gateway"
    """The gateway takes connections and bytes, and nothing ever happens."""
    DEAD_METER = "dead-meter"
    """As if no device had that address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule. A place that is None fits all; `skip` frames that fit pass first, then it fires `count` times."""

    kind: FaultKind | str
    gateway: str | None = None
    port: int | None = None
    meter: str | None = None
    function: int | None = None
    register: int | None = None
    """Fits requests whose range of registers holds this address."""
    count: int | None = None
    """None: for ever."""
    skip: int = 0
    probability: float = 1.0
    delay_s: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in set(FaultKind):
            raise FaultRuleError("kind", f"one of {', '.join(FaultKind)}, not {self.kind!r}")
        if (self.kind == FaultKind.DELAY_REPLY) != (self.delay_s is not None):
            raise FaultRuleError("delay_s", f"seconds for {FaultKind.DELAY_REPLY}, and for no other kind")
        if self.delay_s is not None and self.delay_s < 0:
            raise FaultRuleError("delay_s", f"0 or more, not {self.delay_s}")
        if not 0 < self.probability <= 1:
            raise FaultRuleError("probability", f"above 0, at most 1, not {self.probability}")
        if self.skip < 0 or (self.count is not None and self.count < 1):
            raise FaultRuleError("count", "at least 1, and skip at least 0")
        if self.kind == FaultKind.DEAD_GATEWAY and self.gateway is None:
            raise FaultRuleError("gateway", "the number of the gateway that is dead")
        if self.kind == FaultKind.DEAD_METER and self.meter is None:
            raise FaultRuleError("meter", "the number of the meter that is dead")


class FaultHandle:
    """A rule in force: remove it by this, and see how often it fired."""

    def __init__(self, name: str, fault: Fault, rng: random.Random) -> None:
        self.name = name
        self.fault = fault
        self.fired = 0
        self._seen = 0
        self._rng = rng

    def fires(self, gateway: str, port: int, meter: str | None, request: bytes) -> bool:
        """Whether the rule strikes this frame; counts it."""
        fault = self.fault
        if not self._fits(gateway, port, meter, request):
            return False
        if fault.count is not None and self.fired >= fault.count:
            return False
        self._seen += 1
        if self._seen <= fault.skip or (fault.probability < 1 and self._rng.random() >= fault.probability):
            return False
        self.fired += 1
        return True

    def _fits(self, gateway: str, port: int, meter: str | None, request: bytes) -> bool:
        fault = self.fault
        return (
            fault.gateway in {None, gateway}
            and fault.port in {None, port}
            and fault.meter in {None, meter}
            and fault.function in {None, request[0]}
            and (fault.register is None or _touches(request, fault.register))
        )


def _touches(request: bytes, register: int) -> bool:
    if len(request) < _ADDRESS_AND_COUNT_BYTES:
        return False
    start = int.from_bytes(request[1:3], "big")
    count = (
        1 if request[0] in {modbus.WRITE_COIL, modbus.WRITE_SINGLE} else int.from_bytes(request[3:5], "big")
    )
    return start <= register < start + count


class Faults:
    """The rules in force in one farm, asked in the order in which they were added; the first that fires wins."""

    def __init__(self, seed: int, gateways: Collection[str] = (), meters: Collection[str] = ()) -> None:
        self._seed = seed
        self._gateways = gateways
        self._meters = meters
        self._added = 0
        self.rules: list[FaultHandle] = []

    def add(self, fault: Fault) -> FaultHandle:
        """Put a rule in force; `FaultRuleError` when the farm has no such place."""
        if fault.gateway is not None and fault.gateway not in self._gateways:
            raise FaultRuleError("gateway", f"a gateway of this farm, not {fault.gateway!r}")
        if fault.meter is not None and fault.meter not in self._meters:
            raise FaultRuleError("meter", f"a meter of this farm, not {fault.meter!r}")
        self._added += 1
        name = f"{fault.kind}-{self._added}"
        handle = FaultHandle(name, fault, random.Random(f"{self._seed}/{name}"))
        self.rules.append(handle)
        return handle

    def remove(self, handle: FaultHandle) -> None:
        """Take a rule out of force; nothing happens when it is out already."""
        if handle in self.rules:
            self.rules.remove(handle)

    def clear(self) -> None:
        """No rule is in force."""
        self.rules.clear()

    def strike(self, gateway: str, port: int, meter: str | None, request: bytes) -> FaultHandle | None:
        """The rule that strikes this frame, if any."""
        return next((rule for rule in self.rules if rule.fires(gateway, port, meter, request)), None)


def fault_from(row: Mapping[str, Any]) -> Fault:
    """The fault in one `[[faults]]` row of a site file; `FaultRuleError` names the key."""
    known = {field.name for field in fields(Fault)}
    for key in row:
        if key not in known:
            raise FaultRuleError(key, f"unknown key; known: {', '.join(sorted(known))}")
    if "kind" not in row:
        raise FaultRuleError("kind", f"one of {', '.join(FaultKind)}")
    for key, types in _TYPES.items():
        if key in row and (not isinstance(row[key], types) or isinstance(row[key], bool)):
            raise FaultRuleError(key, f"{' or '.join(t.__name__ for t in types)}, not {row[key]!r}")
    return Fault(**row)


_TYPES: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "gateway": (str,),
    "port": (int,),
    "meter": (str,),
    "function": (int,),
    "register": (int,),
    "count": (int,),
    "skip": (int,),
    "probability": (int, float),
    "delay_s": (int, float),
}
