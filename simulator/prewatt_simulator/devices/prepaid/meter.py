"""A prepaid meter: its relay, and the controllers that open and close it by themselves.

The relay follows money, load and time control together, and forced control alone when that is on. Each decides at
moments that are solved for, so that nobody has to look: credit in `credit`, load control in `load_control`, time
control in `prewatt_fixtures.time_control`. What the vendor's commands do stands in `commands`.
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
        self.set_load_control(placed.overload_w, _first_limits(placed.profile.phases, placed.overload))
        self.set_time_plan(_first_plan(placed.profile.phases))
        self.forced_mode = 0
        self.forced_state = 0
        self.welded_closed: bool | None = None
        """How the relay is stuck, whatever is decided; None: it is not."""

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
        """Whether more power is drawn than load control allows, or it holds the relay open for that."""
        if self.load_limit is None:
            return False
        return not self.load_ok or (self.supplied and self.power_w > self.load_limit.power_w)

    @property
    def relay_closed(self) -> bool:
        """Forced control wins over money, load and time, and a weld over all."""
        if self.welded_closed is not None:
            return self.welded_closed
        if self.forced_mode:
            return self.forced_state == 0
        return not self.trips.holds_open and self.money_ok and (not self.time_acts or self.time_ok)

    @property
    def supplied(self) -> bool:
        return self.relay_closed

    def force(self, on: bool, state: int) -> None:
        """Enter forced control with a state (0 closes, 1 opens), or leave it, which restores prepayment."""
        self.forced_mode, self.forced_state = int(on), state
        if not on:
            self.restore()

    def set_load_control(self, overload_w: int, limits: LoadLimits) -> None:
        """Watch the load by these limits from now on; without any, load control lets go of the relay."""
        self.overload_w, self.load_limits = overload_w, limits
        self.load_limit = strictest(overload_w, limits)
        if self.load_limit is None:
            self.trips = Trips(self.trips.count)
        else:
            self.trips = replace(self.trips, watches_since_ms=None)

    def set_time_plan(self, plan: TimePlan) -> None:
        """Follow this plan from now on."""
        self.time_plan, self.time_acts = plan, bool(plan.acting)

    def set_load(self, load: Load) -> None:
        super().set_load(load)
        self.trips = replace(self.trips, watches_since_ms=None)

    def consume(self, rate: int, until_ms: int) -> None:
        closed = self.relay_closed
        decision = None if self.load_limit is None else self._load_decision(self.load_limit, supplied=closed)
        if decision is not None:
            until_ms = min(until_ms, decision[0])
        if self.time_acts:
            until_ms = min(until_ms, self._switching_ms())
        if closed:
            self.use(rate, until_ms, stops=not (self.forced_mode or self.welded_closed))
        else:
            self.settled_ms = until_ms
        if decision is not None and decision[0] == self.settled_ms:
            self.trips = decision[1]

    @property
    def status_word_1(self) -> int:
        """Relay, forced control and alarms (vendor commissioning tool)."""
        phases = (1 << self.profile.phases) - 1
        word = (phases << 13 if self.relay_closed else 0) | (phases if self.forced_state == 0 else 0)
        flags = [bool(self.forced_mode), self.over_limit, *self.flags]
        return word | sum(flag << bit for bit, flag in enumerate(flags, start=3))

    @property
    def status_word_2(self) -> int:
        """What each controller decides, 1 = closed (vendor commissioning tool)."""
        phases = (1 << self.profile.phases) - 1
        money, time = (self.money_ok, self.money_on), (self.time_ok, self.time_acts)
        decided = (money, time, (self.load_ok, self.load_limit is not None))
        nibbles = ((phases if closed else 0) | is_on << 3 for closed, is_on in decided)
        return sum(nibble << 4 * place for place, nibble in enumerate(nibbles))

    def _switching_ms(self) -> int:
        """When time control may decide otherwise; midnight at the latest."""
        _, until = self.time_plan.closed_at(self.clock.local(self.settled_ms))
        return self.clock.reaches_ms(until)

    def _load_decision(self, limit: Limit, *, supplied: bool) -> tuple[int, Trips] | None:
        self.trips = self.trips.watching(self.settled_ms, supplied=supplied)
        return self.trips.following(limit, self.load, self.settled_ms, self.clock.zone_ms)


@cache
def _first_limits(phases: int, overload: Overload) -> LoadLimits:
    """Shared by all meters that start alike."""
    first = PhaseLimits(
        trips_allowed=overload.trips_allowed,
        recovery_min=overload.recovery_min,
        delay_s=overload.delay_s,
    )
    return LoadLimits.off((first,) * phases)


@cache
def _first_plan(phases: int) -> TimePlan:
    """Default plan, shared by all meters without one."""
    return TimePlan((PhasePlan(),) * phases)
