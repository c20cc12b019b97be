"""Mobile network: registration, signal, delays, and fault rules on messages.

Decides the outcome of a message; `device` applies it when it is due. Sources: 3GPP TS 27.007 §7.2 (registration), §8.5
(signal); 3GPP TS 23.040 §9.2.3.15 (status of a report).
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from prewatt_fixtures.bounds import COUNT, PROBABILITY, SECONDS, SKIP, Bound, shown, whole
from prewatt_simulator.errors import FaultRuleError
from prewatt_simulator.modem.pdu import DELIVERED, EXPIRED

NETWORK_TIMEOUT = 332
"""+CMS ERROR of a message that the network did not answer."""
_SIGNAL = whole("None or a number", 0, 31)


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
    """The network refuses the message with `cause`, a +CMS ERROR; after `delay_s`, if given."""
    SLOW = "slow"
    """The network answers `delay_s` later."""
    LOSE_ANSWER = "lose-answer"
    """The message is delivered; the modem reports `network timeout`, after `delay_s`, if given."""
    UNDELIVERED = "undelivered"
    """The network accepts the message and does not deliver it; a report has `status`, by default expired."""
    LOSE_REPORT = "lose-report"
    """The message is delivered; its report is lost."""


_NEEDS_CAUSE = {SmsFaultKind.REJECT}
_NEEDS_DELAY = {SmsFaultKind.SLOW}
_TAKES_DELAY = {SmsFaultKind.SLOW, SmsFaultKind.REJECT, SmsFaultKind.LOSE_ANSWER}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsFault:
    """One fault rule on messages. Raises `FaultRuleError` when a key is wrong.

    Each part of a long text counts as a message. `skip` matching messages pass first; then it fires `count` times.
    """

    kind: SmsFaultKind | str
    number: str | None = None
    """Receiver; None matches every number."""
    cause: int | None = None
    status: int | None = None
    delay_s: float | None = None
    count: int | None = None
    """None: unlimited."""
    skip: int = 0
    probability: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in set(SmsFaultKind):
            raise FaultRuleError("kind", f"one of {', '.join(SmsFaultKind)}, not {shown(self.kind)}")
        for key, bound in _BOUNDS.items():
            value = getattr(self, key)
            if value is not None and not bound.fits(value):
                raise FaultRuleError(key, f"{bound.expected}, not {shown(value)}")
        if (self.kind in _NEEDS_CAUSE) != (self.cause is not None):
            raise FaultRuleError("cause", f"a +CMS ERROR for {SmsFaultKind.REJECT}, and for no other kind")
        if self.status is not None and self.kind != SmsFaultKind.UNDELIVERED:
            raise FaultRuleError("status", f"for {SmsFaultKind.UNDELIVERED} only")
        if self.delay_s is None and self.kind in _NEEDS_DELAY:
            raise FaultRuleError("delay_s", f"seconds for {SmsFaultKind.SLOW}")
        if self.delay_s is not None and self.kind not in _TAKES_DELAY:
            raise FaultRuleError("delay_s", f"seconds for one of {', '.join(sorted(_TAKES_DELAY))}")


_BOUNDS: Mapping[str, Bound[Any]] = {
    "number": Bound("text", lambda value: isinstance(value, str)),
    "cause": whole("a +CMS ERROR", 0, 511),
    "status": whole("a status", 1, 255),
    "delay_s": SECONDS,
    "count": COUNT,
    "skip": SKIP,
    "probability": PROBABILITY,
}


class SmsFaultHandle:
    """A rule in force: counts its hits; `Network.remove` takes it."""

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
class SendOutcome:
    """Outcome of one message."""

    answer_after_s: float
    cause: int | None = None
    """+CMS ERROR for the client; None: it gets a reference."""
    arrives: bool = True
    status: int | None = DELIVERED
    """Status of the report, if one was requested; None: no report."""


class Network:
    """Network of one modem. `answer_s` and `report_s` are the delays of answers and reports without faults."""

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
        """Signal from 0, the weakest, to 31; None without signal. Setting it takes effect at once."""
        return self._signal

    @signal.setter
    def signal(self, rssi: int | None) -> None:
        if rssi is not None:
            _SIGNAL.check("signal", rssi)
        self._signal = rssi
        self._changed()

    @property
    def registration(self) -> Registration:
        """Registration of the modem; searching without signal. Setting it takes effect at once."""
        return Registration.SEARCHING if self._signal is None else self._registration

    @registration.setter
    def registration(self, registration: Registration) -> None:
        self._registration = Registration(registration)
        self._changed()

    @property
    def reachable(self) -> bool:
        """Whether messages can be sent and delivered."""
        return self.registration in {Registration.HOME, Registration.ROAMING}

    def add(self, fault: SmsFault) -> SmsFaultHandle:
        """Put a rule in force; the first rule that fires is applied."""
        self._added += 1
        handle = SmsFaultHandle(fault, random.Random(f"{self._seed}/{fault.kind}-{self._added}"))
        self.rules.append(handle)
        return handle

    def remove(self, handle: SmsFaultHandle) -> None:
        """Remove a rule; does nothing for a rule that was removed before."""
        if handle in self.rules:
            self.rules.remove(handle)

    def clear(self) -> None:
        """Remove all rules."""
        self.rules.clear()

    def outcome_of(self, number: str) -> SendOutcome:
        """Outcome of a message to a number; counts a rule's hit."""
        rule = next((each.fault for each in self.rules if each.fires(number)), None)
        if rule is None:
            return SendOutcome(self.answer_s)
        after_s = self.answer_s + (rule.delay_s or 0.0)
        match SmsFaultKind(rule.kind):
            case SmsFaultKind.REJECT:
                return SendOutcome(after_s, cause=rule.cause, arrives=False, status=None)
            case SmsFaultKind.SLOW:
                return SendOutcome(after_s)
            case SmsFaultKind.LOSE_ANSWER:
                return SendOutcome(after_s, cause=NETWORK_TIMEOUT)
            case SmsFaultKind.UNDELIVERED:
                return SendOutcome(after_s, arrives=False, status=rule.status or EXPIRED)
            case SmsFaultKind.LOSE_REPORT:
                return SendOutcome(after_s, status=None)
