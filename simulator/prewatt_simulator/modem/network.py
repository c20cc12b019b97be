"""The mobile network: reach, speed, and rules that make messages go wrong.

It decides what becomes of a message; the modem carries that out when its time comes. Registration states are those of
3GPP TS 27.007 §7.2, signal those of §8.5, the status of a report 3GPP TS 23.040 §9.2.3.15.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from prewatt_simulator.errors import FaultRuleError
from prewatt_simulator.modem.pdu import DELIVERED, EXPIRED

NETWORK_TIMEOUT = 332
"""The +CMS ERROR of a modem whose message nobody answered."""
SIGNAL_MAX = 31
_CAUSE_MAX = 511


class Registration(IntEnum):
    """Registration states of +CREG."""

    IDLE = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    UNKNOWN = 4
    ROAMING = 5


class SmsFaultKind(StrEnum):
    """Kind of a message fault."""

    REJECT = "reject"
    """The network refuses it with `cause`, a +CMS ERROR; after `delay_s`, if given."""
    SLOW = "slow"
    """The network answers `delay_s` later than otherwise."""
    LOSE_ANSWER = "lose-answer"
    """It arrives; the modem hears nothing and says `network timeout`, after `delay_s`, if given."""
    UNDELIVERED = "undelivered"
    """The network takes it and the phone never gets it; a report says `status`, by default that it expired."""
    LOSE_REPORT = "lose-report"
    """It arrives, and its delivery report does not."""


_NEEDS_CAUSE = {SmsFaultKind.REJECT}
_NEEDS_DELAY = {SmsFaultKind.SLOW}
_TAKES_DELAY = {SmsFaultKind.SLOW, SmsFaultKind.REJECT, SmsFaultKind.LOSE_ANSWER}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsFault:
    """One rule. Each part of a long text counts; `skip` that fit pass first, then it fires `count` times."""

    kind: SmsFaultKind | str
    number: str | None = None
    """None fits every number."""
    cause: int | None = None
    status: int | None = None
    delay_s: float | None = None
    count: int | None = None
    """None: for ever."""
    skip: int = 0
    probability: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in set(SmsFaultKind):
            raise FaultRuleError("kind", f"one of {', '.join(SmsFaultKind)}, not {self.kind!r}")
        if (self.kind in _NEEDS_CAUSE) != (self.cause is not None):
            raise FaultRuleError("cause", f"a +CMS ERROR for {SmsFaultKind.REJECT}, and for no other kind")
        if self.cause is not None and not 0 <= self.cause <= _CAUSE_MAX:
            raise FaultRuleError("cause", f"0 to {_CAUSE_MAX}, not {self.cause}")
        if self.status is not None and self.kind != SmsFaultKind.UNDELIVERED:
            raise FaultRuleError("status", f"for {SmsFaultKind.UNDELIVERED} only")
        if self.status is not None and not 0 < self.status <= 255:
            raise FaultRuleError("status", f"1 to 255, not {self.status}")
        if self.delay_s is None and self.kind in _NEEDS_DELAY:
            raise FaultRuleError("delay_s", f"seconds for {SmsFaultKind.SLOW}")
        if self.delay_s is not None and (self.kind not in _TAKES_DELAY or self.delay_s < 0):
            raise FaultRuleError("delay_s", f"0 or more, for one of {', '.join(sorted(_TAKES_DELAY))}")
        if not 0 < self.probability <= 1:
            raise FaultRuleError("probability", f"above 0, at most 1, not {self.probability}")
        if self.skip < 0 or (self.count is not None and self.count < 1):
            raise FaultRuleError("count", "at least 1, and skip at least 0")


class SmsFaultHandle:
    """A rule in force: remove it by this, and see how often it fired."""

    def __init__(self, fault: SmsFault, rng: random.Random) -> None:
        self.fault = fault
        self.fired = 0
        self._seen = 0
        self._rng = rng

    def fires(self, number: str) -> bool:
        """Whether the rule hits this message; counts the hit."""
        fault = self.fault
        if fault.number not in {None, number} or (fault.count is not None and self.fired >= fault.count):
            return False
        self._seen += 1
        if self._seen <= fault.skip or (fault.probability < 1 and self._rng.random() >= fault.probability):
            return False
        self.fired += 1
        return True


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one message."""

    answer_after_s: float
    cause: int | None = None
    """The +CMS ERROR that the client is told; None: it is told a reference."""
    arrives: bool = True
    status: int | None = DELIVERED
    """Of the report, if one was asked for; None: no report comes."""


class Network:
    """One network as one modem sees it. `answer_s` and `report_s` are how long it takes when nothing is wrong."""

    def __init__(self, seed: int, changed: Callable[[], None], *, name: str = "TESTNET") -> None:
        self.name = name
        self.answer_s = 0.0
        self.report_s = 0.0
        self.rules: list[SmsFaultHandle] = []
        self._seed = seed
        self._added = 0
        self._changed = changed
        self._signal: int | None = 20
        self._registration = Registration.HOME

    @property
    def signal(self) -> int | None:
        """0 (weakest) to 31, None without any. Setting it takes effect at once."""
        return self._signal

    @signal.setter
    def signal(self, rssi: int | None) -> None:
        if rssi is not None and not 0 <= rssi <= SIGNAL_MAX:
            raise FaultRuleError("signal", f"0 to {SIGNAL_MAX} or None, not {rssi}")
        self._signal = rssi
        self._changed()

    @property
    def registration(self) -> Registration:
        """Registration of this card; without signal the modem is searching. Setting it acts at once."""
        return Registration.SEARCHING if self._signal is None else self._registration

    @registration.setter
    def registration(self, registration: Registration) -> None:
        self._registration = Registration(registration)
        self._changed()

    @property
    def reachable(self) -> bool:
        """Whether messages can pass."""
        return self.registration in {Registration.HOME, Registration.ROAMING}

    def add(self, fault: SmsFault) -> SmsFaultHandle:
        """Put a rule in force; the first of the rules that fires wins."""
        self._added += 1
        handle = SmsFaultHandle(fault, random.Random(f"{self._seed}/{fault.kind}-{self._added}"))
        self.rules.append(handle)
        return handle

    def remove(self, handle: SmsFaultHandle) -> None:
        """Take a rule out of force; nothing happens when it is out already."""
        if handle in self.rules:
            self.rules.remove(handle)

    def clear(self) -> None:
        """No rule is in force."""
        self.rules.clear()

    def carry(self, number: str) -> Fate:
        """Decide what becomes of a message to a number."""
        affected = next((rule.fault for rule in self.rules if rule.fires(number)), None)
        if affected is None:
            return Fate(self.answer_s)
        after_s = self.answer_s + (affected.delay_s or 0.0)
        match SmsFaultKind(affected.kind):
            case SmsFaultKind.REJECT:
                return Fate(after_s, cause=affected.cause, arrives=False, status=None)
            case SmsFaultKind.SLOW:
                return Fate(after_s)
            case SmsFaultKind.LOSE_ANSWER:
                return Fate(after_s, cause=NETWORK_TIMEOUT)
            case SmsFaultKind.UNDELIVERED:
                return Fate(after_s, arrives=False, status=affected.status or EXPIRED)
            case SmsFaultKind.LOSE_REPORT:
                return Fate(after_s, status=None)
