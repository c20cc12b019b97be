"""Fault rules: the kinds of faults, and `Fault`, one rule that checks its own keys.

`active` checks a rule against the farm: whether the gateway, port or meter that it names exists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from prewatt_fixtures.bounds import (
    COUNT,
    DURATION_S,
    FUNCTION,
    GATEWAY_NUMBER,
    GATEWAY_PORT,
    PROBABILITY,
    REGISTER,
    SECONDS,
    SKIP,
    Bound,
    number,
    one_of,
    shown,
    whole,
)
from prewatt_fixtures.clock import END
from prewatt_fixtures.wire import pdu as modbus
from prewatt_simulator.errors import FaultRuleError


class FaultKind(StrEnum):
    """Kind of a fault."""

    # on the bus
    LOSE_REQUEST = "lose-request"
    """The request does not reach the meter."""
    DELAY_REQUEST = "delay-request"
    """The gateway delays the request by `delay_s`; the meter then executes it, and its reply goes to nobody."""
    REPEAT_REQUEST = "repeat-request"
    """The meter executes the request twice; the second reply is sent."""
    CORRUPT_REQUEST = "corrupt-request"
    """One bit of the request flips before the gateway adds the CRC, so the meter executes another request or refuses."""
    LOSE_REPLY = "lose-reply"
    """The meter executes the request; its reply is lost."""
    DELAY_REPLY = "delay-reply"
    """The meter executes the request at once; its reply leaves `delay_s` later, and the bus is busy until then."""
    EXCEPTION = "exception"
    """The meter does not execute the request and answers with exception `code`."""
    DEAD_GATEWAY = "dead-gateway"
    """The gateway accepts connections and bytes and answers nothing."""
    DEAD_METER = "dead-meter"
    """The line behaves as if no device had the address."""
    ECHO = "echo"
    """The client receives its own request before the reply, as on a two-wire line behind a wrongly set serial server."""
    NOISE = "noise"
    """`size` random bytes follow in a segment of their own, `delay_s` after the reply; also where there is no reply."""
    COLLIDE = "collide"
    """The meter executes the request; another device transmits at the same time, and the reply arrives damaged."""
    SECOND_MASTER = "second-master"
    """Another master transmits every `every_s`: a request on the line then is lost, a reply arrives damaged."""

    # in the reply, with a good CRC
    WRONG_UNIT = "wrong-unit"
    """The reply carries another unit id."""
    WRONG_FUNCTION = "wrong-function"
    """The reply carries another function code."""
    WRONG_LENGTH = "wrong-length"
    """The reply's byte count is not the number of bytes that follow."""
    WRONG_VALUE = "wrong-value"
    """One bit of the reply's data flips before the CRC is added, so the client cannot detect it on the wire."""

    # on the reply's way to the client
    FLIP_BIT = "flip-bit"
    """One bit of the frame flips."""
    BAD_CRC = "bad-crc"
    """The frame's CRC is wrong. Modbus TCP frames have none and are not affected."""
    TRUNCATE = "truncate"
    """The last `size` bytes are missing."""
    EXTRA_BYTES = "extra-bytes"
    """`size` random bytes follow the frame."""
    JUNK_BEFORE = "junk-before"
    """`size` random bytes precede the frame."""
    DUPLICATE_REPLY = "duplicate-reply"
    """The frame is sent twice."""
    SPLIT_REPLY = "split-reply"
    """The frame is sent in segments of `size` bytes, `delay_s` apart."""
    JOIN_REPLIES = "join-replies"
    """The reply is kept until the next one to the same connection; both leave in one segment."""
    SWAP_REPLIES = "swap-replies"
    """The reply is kept until the next one to the same connection, and leaves after it."""
    CROSS_REPLY = "cross-reply"
    """The reply is kept until the next request on the port, and goes to that client, before its own reply."""
    SHARE_REPLIES = "share-replies"
    """The reply goes to every client of the port, as from a serial server that knows no masters."""

    BACKLOG = "backlog"
    """The gateway keeps replies until a client connects, and sends them all to it in random order, some twice."""

    # the gateway and its clients
    DISCONNECT = "disconnect"
    """The meter executes the request; the gateway closes the client's connection instead of sending the reply."""
    REBOOT_GATEWAY = "reboot-gateway"
    """As `disconnect`, for all clients of the port; for `lasts_s` the port refuses clients."""
    HALF_OPEN = "half-open"
    """A connection is accepted and never answered."""
    REFUSE_CLIENT = "refuse-client"
    """A connection is accepted and closed at once."""
    REFUSE_SECOND_CLIENT = "refuse-second-client"
    """As `refuse-client`, for a client that connects while another is connected."""
    KICK_FIRST_CLIENT = "kick-first-client"
    """When a client connects, the clients connected before are dropped."""

    # a gateway that dials out
    CLAIM_ID = "claim-id"
    """The gateway registers with the number `claims`."""
    REPLAY_SESSION = "replay-session"
    """A second connection repeats the bytes that this gateway sent in its previous call."""

    # the meter
    TORN_WRITE = "torn-write"
    """Power fails during a write: `applied` of its values are stored, and the meter is silent for `lasts_s`."""
    TORN_READ = "torn-read"
    """The meter refreshes its registers during the read: those after `register`, or after the first, are newer."""
    STALE = "stale"
    """The meter repeats its register picture of the rule's first hit, clock included, until the rule is removed.

    Reads only: a write reaches the meter, and shows when the rule is gone.
    """
    REBOOT_METER = "reboot-meter"
    """The meter is silent from this request on for `lasts_s`; its registers survive."""
    WELD_RELAY = "weld-relay"
    """The relay stays `relay`, whatever the meter decides, until the rule is removed."""
    SWITCH_RELAY = "switch-relay"
    """The relay is forced to `relay`, as by a technician's hand-held terminal."""
    JUMP_CLOCK = "jump-clock"
    """The meter's clock jumps by `jump_s`."""
    DRIFT_CLOCK = "drift-clock"
    """The meter's clock gains `drift_ppm` (86 ppm are 7.4 s a day), until the rule is removed."""
    NEAR_ROLLOVER = "near-rollover"
    """The energy total jumps to `counts_left` counts of its register (0.01 kWh) before it begins again at 0."""
    SET_PURCHASE_COUNT = "set-purchase-count"
    """The purchase count becomes `purchase_count`."""
    FOREIGN_TOP_UP = "foreign-top-up"
    """A top-up by other means than the bus, as by card: `amount_fen` more, and the next purchase count."""
    REPLACE_METER = "replace-meter"
    """A new meter takes the place: counters and credit zero, money control off, clock right."""


_K = FaultKind
CONNECTION_KINDS = frozenset({_K.HALF_OPEN, _K.REFUSE_CLIENT, _K.REFUSE_SECOND_CLIENT, _K.KICK_FIRST_CLIENT})
"""Kinds that affect connections. Kinds in none of the first three sets affect requests."""
CALL_KINDS = frozenset({_K.CLAIM_ID, _K.REPLAY_SESSION})
"""Kinds that affect the calls of gateways that dial out."""
LINE_KINDS = frozenset({_K.SECOND_MASTER})
"""Kinds that affect any frame on the line, at times of their own."""
ENERGY_METER_KINDS = frozenset({_K.JUMP_CLOCK, _K.DRIFT_CLOCK, _K.NEAR_ROLLOVER})
PREPAID_KINDS = frozenset(
    {_K.WELD_RELAY, _K.SWITCH_RELAY, _K.SET_PURCHASE_COUNT, _K.FOREIGN_TOP_UP, _K.REPLACE_METER}
)
METER_CHANGE_KINDS = ENERGY_METER_KINDS | PREPAID_KINDS
"""Kinds that change one meter before it executes the request. They fire once unless `count` says more."""
ONLY_FUNCTIONS = {
    _K.TORN_READ: frozenset({modbus.READ_HOLDING}),
    _K.STALE: frozenset({modbus.READ_HOLDING, modbus.READ_INPUT}),
    _K.TORN_WRITE: frozenset({modbus.WRITE_MULTIPLE, modbus.VENDOR}),
}
"""Kinds that affect only requests of these function codes."""
WIRE_KINDS = frozenset(
    {_K.FLIP_BIT, _K.BAD_CRC, _K.TRUNCATE, _K.EXTRA_BYTES, _K.JUNK_BEFORE, _K.DUPLICATE_REPLY, _K.SPLIT_REPLY}
    | {_K.WRONG_UNIT, _K.ECHO, _K.NOISE, _K.JOIN_REPLIES, _K.SWAP_REPLIES, _K.CROSS_REPLY, _K.BACKLOG}
    | {_K.SHARE_REPLIES}
    | {_K.DISCONNECT, _K.REBOOT_GATEWAY}
)
"""Kinds that the gateway applies to the reply frame, after the bus."""


_AFFECTED = {CONNECTION_KINDS: "connections", CALL_KINDS: "calls", LINE_KINDS: "any frame on the line"}
"""What the kinds that do not affect requests affect, in words for errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault rule: where it applies, when, and its kind's options. Raises `FaultRuleError` when a key is wrong.

    A place that is None matches all. `skip` matching frames pass first; then it fires `count` times.
    """

    kind: FaultKind | str

    gateway: str | None = None
    port: int | None = None
    meter: str | None = None
    function: int | None = None
    register: int | None = None
    """Matches requests whose range of registers contains this address."""

    since: datetime | None = None
    until: datetime | None = None
    """The rule applies from `since` until before `until` on the farm's clock. Both carry an offset."""
    count: int | None = None
    """None: unlimited; once for `METER_CHANGE_KINDS`."""
    skip: int = 0
    probability: float = 1.0

    delay_s: float | None = None
    size: int | None = None
    code: int | None = None
    unit: int | None = None
    lasts_s: float | None = None
    every_s: float | None = None
    claims: str | None = None
    applied: int | None = None
    """Number of written values that are stored, from the first; a negative number counts from the last."""
    relay: str | None = None
    jump_s: float | None = None
    drift_ppm: int | None = None
    counts_left: int | None = None
    purchase_count: int | None = None
    amount_fen: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in set(FaultKind):
            raise FaultRuleError("kind", f"one of {', '.join(FaultKind)}, not {shown(self.kind)}")
        # bounds first: the checks behind them compare, and text never equals the number in a frame
        for field in fields(self):
            value = getattr(self, field.name)
            if (value is not None or field.default is not None) and not BOUNDS[field.name].fits(value):
                raise FaultRuleError(field.name, f"{BOUNDS[field.name].expected}, not {shown(value)}")
        for name, option in _OPTIONS.items():
            self._check_option(name, option)
        self._check_when()
        self._check_where()

    def _check_option(self, name: str, option: "_Option") -> None:
        expected = BOUNDS[name].expected
        if getattr(self, name) is None:
            if self.kind in option.needed_by:
                raise FaultRuleError(name, f"{expected}; {self.kind} needs it")
        elif self.kind not in option.needed_by | option.taken_by:
            kinds = ", ".join(sorted(option.needed_by | option.taken_by))
            raise FaultRuleError(name, f"{expected} for {kinds}, and for no other kind")

    def _check_when(self) -> None:
        if self.since is not None and self.since >= END:
            raise FaultRuleError("since", f"a time before {END}, where clocks end, not {self.since}")
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise FaultRuleError("until", f"a time after since ({self.since}), not {self.until}")

    def _check_where(self) -> None:
        if self.kind == FaultKind.DEAD_GATEWAY and self.gateway is None:
            raise FaultRuleError("gateway", "the number of the gateway that is dead")
        if self.kind in METER_CHANGE_KINDS | {FaultKind.DEAD_METER, FaultKind.STALE} and self.meter is None:
            raise FaultRuleError("meter", f"the number of the meter that {self.kind} happens to")
        functions = ONLY_FUNCTIONS.get(FaultKind(self.kind))
        if functions is not None and self.function is not None and self.function not in functions:
            named = " or ".join(f"{function:#04x}" for function in sorted(functions))
            raise FaultRuleError("function", f"{named}, which {self.kind} affects, not {self.function:#04x}")
        if self.register is not None and self.function is not None and self.function not in ADDRESSED:
            raise FaultRuleError("register", f"nothing: requests of function {self.function:#04x} have none")
        affected = next((words for kinds, words in _AFFECTED.items() if self.kind in kinds), None)
        if affected is not None:
            for key in ("meter", "function", "register"):
                if getattr(self, key) is not None:
                    raise FaultRuleError(key, f"nothing: {self.kind} affects {affected}, not requests")


ADDRESSED = frozenset(
    {modbus.READ_COILS, modbus.READ_DISCRETE, modbus.READ_HOLDING, modbus.READ_INPUT}
    | {modbus.WRITE_COIL, modbus.WRITE_SINGLE, modbus.WRITE_COILS, modbus.WRITE_MULTIPLE}
    | {modbus.VENDOR}
)
"""Functions whose requests name registers or bits by address."""

_TEXT: Bound[str] = Bound("text", lambda value: isinstance(value, str))
_MOMENT: Bound[datetime] = Bound(
    "a time with an offset, such as +08:00",
    lambda value: isinstance(value, datetime) and value.tzinfo is not None,
)


def _without_0(bound: Bound[Any]) -> Bound[Any]:
    return Bound(f"{bound.expected} and not 0", lambda value: bound.fits(value) and value != 0)


BOUNDS: Mapping[str, Bound[Any]] = {
    "kind": _TEXT,
    "gateway": _TEXT,
    "port": GATEWAY_PORT,
    "meter": _TEXT,
    "function": FUNCTION,
    "register": REGISTER,
    "since": _MOMENT,
    "until": _MOMENT,
    "count": COUNT,
    "skip": SKIP,
    "probability": PROBABILITY,
    "delay_s": SECONDS,
    "every_s": DURATION_S,
    "size": whole("a number of bytes", 1, 256),
    "code": whole("an exception code", 1, 255),
    "unit": whole("a unit id", 0, 255),
    "lasts_s": DURATION_S,
    "claims": GATEWAY_NUMBER,
    "applied": _without_0(
        whole("a number of values", -modbus.WRITE_REGISTERS_MAX, modbus.WRITE_REGISTERS_MAX)
    ),
    "relay": one_of("open", "closed"),
    "jump_s": _without_0(number("seconds", -1e9, 1e9)),
    "drift_ppm": _without_0(whole("parts in a million", -100_000, 100_000)),
    "counts_left": whole("counts of 0.01 kWh", 1, 10_000_000),
    "purchase_count": whole("a purchase count", 0, 0xFFFF),
    "amount_fen": whole("an amount in fen", 1, 0x7FFF_FFFF),
}
"""Bounds of every key of a rule."""


class _Option(NamedTuple):
    """The kinds that need an option, and those that allow it."""

    needed_by: frozenset[FaultKind] = frozenset()
    taken_by: frozenset[FaultKind] = frozenset()


_OPTIONS: Mapping[str, _Option] = {
    "delay_s": _Option(frozenset({_K.DELAY_REPLY, _K.DELAY_REQUEST}), frozenset({_K.SPLIT_REPLY, _K.NOISE})),
    "every_s": _Option(frozenset({_K.SECOND_MASTER})),
    "size": _Option(
        taken_by=frozenset({_K.TRUNCATE, _K.EXTRA_BYTES, _K.JUNK_BEFORE, _K.SPLIT_REPLY, _K.NOISE})
    ),
    "code": _Option(frozenset({_K.EXCEPTION})),
    "unit": _Option(taken_by=frozenset({_K.WRONG_UNIT})),
    "lasts_s": _Option(frozenset({_K.REBOOT_METER}), frozenset({_K.TORN_WRITE, _K.REBOOT_GATEWAY})),
    "claims": _Option(frozenset({_K.CLAIM_ID})),
    "applied": _Option(frozenset({_K.TORN_WRITE})),
    "relay": _Option(frozenset({_K.WELD_RELAY, _K.SWITCH_RELAY})),
    "jump_s": _Option(frozenset({_K.JUMP_CLOCK})),
    "drift_ppm": _Option(frozenset({_K.DRIFT_CLOCK})),
    "counts_left": _Option(frozenset({_K.NEAR_ROLLOVER})),
    "purchase_count": _Option(frozenset({_K.SET_PURCHASE_COUNT})),
    "amount_fen": _Option(frozenset({_K.FOREIGN_TOP_UP})),
}
"""Options of some kinds only."""
