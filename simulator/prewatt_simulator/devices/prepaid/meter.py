"""Prepaid meter: the relay and the controllers that open and close it.

The relay follows forced control when that is on, else money, load and time control together. The moments at which they
decide are computed, not polled for: `credit`, `load_control`, `prewatt_fixtures.time_control`. The vendor's commands are
in `registers.commands`.
"""

from dataclasses import replace
from functools import cache

from prewatt_fixtures.load_limits import LoadLimits, PhaseLimits
from prewatt_fixtures.site import Overload, SiteMeter
from prewatt_fixtures.time_control import PhasePlan, TimePlan
from prewatt_simulator.devices.layout import Layout
from prewatt_simulator.devices.load import Load
from prewatt_simulator.devices.prepaid.credit import CreditMeter
from prewatt_simulator.devices.prepaid.load_control import NO_TRIPS, Limit, Trips, strictest


class PrepaidMeter(CreditMeter):
    """A meter with credit and a relay: DTSY1352-NK/F, DDSY1352-NK/F."""

    __slots__ = (
        "forced_mode",
        "forced_state",
        "load_limit",
        "load_limits",
        "overload_w",
        "time_acts",
        "time_plan",
        "trips",
        "welded_closed",
    )

    def __init__(self, placed: SiteMeter, layout: Layout, *, now_ms: int, zone_ms: int, seed: int) -> None:
        super().__init__(placed, layout, now_ms=now_ms, zone_ms=zone_ms, seed=seed)
        self.trips = NO_TRIPS
        self.set_load_control(placed.overload_w, _default_limits(placed.profile.phases, placed.overload))
        self.set_time_plan(_default_plan(placed.profile.phases))
        self.forced_mode = 0
        self.forced_state = 0
        self.welded_closed: bool | None = None
        """Position of a welded relay (fault `weld-relay`); None: it works."""

    @property
    def load_ok(self) -> bool:
        """Whether load control lets the relay be closed."""
        return not self.trips.holds_open

    @property
    def time_ok(self) -> bool:
        """Whether time control lets the relay be closed, by the meter's own clock."""
        return not self.time_acts or self.time_plan.closed_at(self.clock.local(self.settled_ms))[0]

    @property
    def over_limit(self) -> bool:
        """Whether the load exceeds its limit, or load control holds the relay open because it did."""
        if self.load_limit is None:
            return False
        return not self.load_ok or (self.supplied and self.power_w > self.load_limit.power_w)

    @property
    def relay_closed(self) -> bool:
        """Whether the relay is closed: a weld wins over forced control, and that over money, load and time control."""
        # the stronger first: welded contacts, forced control, then all three controllers together
        if self.welded_closed is not None:
            return self.welded_closed
        if self.forced_mode:
            return self.forced_state == 0
        return not self.trips.holds_open and self.money_ok and (not self.time_acts or self.time_ok)

    @property
    def supplied(self) -> bool:
        return self.relay_closed

    def force(self, on: bool, state: int) -> None:
        """Enter forced control with a state (0 closed, 1 open), or leave it, which restores prepayment."""
        self.forced_mode, self.forced_state = int(on), state
        if not on:
            self.restore()

    def set_load_control(self, overload_w: int, limits: LoadLimits) -> None:
        """Set the limits from now on; without any, load control releases the relay."""
        self.overload_w, self.load_limits = overload_w, limits
        self.load_limit = strictest(overload_w, limits)
        if self.load_limit is None:
            self.trips = Trips(self.trips.count)
        else:
            self.trips = replace(self.trips, watching_since_ms=None)

    def set_time_plan(self, plan: TimePlan) -> None:
        """Set the time-control plan from now on."""
        self.time_plan, self.time_acts = plan, bool(plan.acting)

    def set_load(self, load: Load) -> None:
        super().set_load(load)
        self.trips = replace(self.trips, watching_since_ms=None)

    def consume(self, rate: int, until_ms: int) -> None:
        # Settle to the first of: end of the rate, decision of load control, switching time, end of credit. The caller
        # loops, so the relay is looked at again after each of them.
        closed = self.relay_closed
        decision = None if self.load_limit is None else self._load_decision(self.load_limit, supplied=closed)
        if decision is not None:
            until_ms = min(until_ms, decision[0])
        if self.time_acts:
            until_ms = min(until_ms, self._switching_ms())
        if closed:
            self.charge(rate, until_ms, stops=not (self.forced_mode or self.welded_closed))
        else:
            self.settled_ms = until_ms
        if decision is not None and decision[0] == self.settled_ms:
            self.trips = decision[1]

    @property
    def status_word_1(self) -> int:
        """Value of register 0224H: relay, forced control and alarms (source: vendor commissioning tool)."""
        # bit 13 upwards: relays of L1 to L3; bits 0 to 2: forced state closed; bits 3 to 7: flags (commissioning tool)
        phases = (1 << self.profile.phases) - 1
        word = (phases << 13 if self.relay_closed else 0) | (phases if self.forced_state == 0 else 0)
        flags = [bool(self.forced_mode), self.over_limit, *self.flags]
        return word | sum(flag << bit for bit, flag in enumerate(flags, start=3))

    @property
    def status_word_2(self) -> int:
        """Value of register 0225H: decision of each controller, 1 = closed (source: vendor commissioning tool)."""
        phases = (1 << self.profile.phases) - 1
        money, time = (self.money_ok, self.money_on), (self.time_ok, self.time_acts)
        decided = (money, time, (self.load_ok, self.load_limit is not None))
        # a nibble for each controller: three phases and, as bit 3, whether the controller is switched on
        nibbles = ((phases if closed else 0) | is_on << 3 for closed, is_on in decided)
        return sum(nibble << 4 * place for place, nibble in enumerate(nibbles))

    def _switching_ms(self) -> int:
        """Farm time of the next switching of time control; midnight at the latest."""
        _, until = self.time_plan.closed_at(self.clock.local(self.settled_ms))
        return self.clock.reaches_ms(until)

    def _load_decision(self, limit: Limit, *, supplied: bool) -> tuple[int, Trips] | None:
        self.trips = self.trips.with_supply(self.settled_ms, supplied=supplied)
        return self.trips.next_decision(limit, self.load, self.settled_ms, self.clock.zone_ms)


@cache
def _default_limits(phases: int, overload: Overload) -> LoadLimits:
    """Limits before any is written, shared by meters with equal overload settings."""
    first = PhaseLimits(
        trips_allowed=overload.trips_allowed,
        recovery_min=overload.recovery_min,
        delay_s=overload.delay_s,
    )
    return LoadLimits.off((first,) * phases)


@cache
def _default_plan(phases: int) -> TimePlan:
    """Plan before any is written, shared by all meters with so many phases."""
    return TimePlan((PhasePlan(),) * phases)
