"""A prepaid meter: deducts by the running rate's price, and cuts off and comes back by itself.

Credit is kept in units of 1e-10 yuan (mWh × price in 0.0001 yuan per kWh), in which every deduction is exact; the
registers show it cut to fen, towards zero. The moment at which credit runs out is solved for, not waited for. What
the vendor's commands do stands in `commands`, how load control decides in `load_control`, what steps cost in `steps`. The relay follows the
controllers, forced control alone when it is on.

Without money control the credit still counts, from minus the energy since installation downwards, and the relay
stays closed: what an unopened meter shows is what it would owe (ASSUMED, after the screens of a real site).
"""

from dataclasses import replace
from functools import cache
from typing import ClassVar

from prewatt_fixtures.load_limits import LoadLimits, PhaseLimits
from prewatt_fixtures.profile import CounterRule
from prewatt_fixtures.site import Overload, SiteMeter
from prewatt_fixtures.time_control import PhasePlan, TimePlan
from prewatt_fixtures.wire.pdu import VENDOR
from prewatt_simulator.image import Layout
from prewatt_simulator.load import Load
from prewatt_simulator.meters import commands
from prewatt_simulator.meters.energy import EnergyMeter
from prewatt_simulator.meters.load_control import NO_TRIPS, Limit, Trips, strictest
from prewatt_simulator.meters.steps import NO_STEPS, StepTariff
from prewatt_simulator.meters.values import PREPAID_VALUES
from prewatt_simulator.meters.writes import PREPAID_WRITERS
from prewatt_simulator.units import FINE_PER_FEN, MWH_PER_CENTIKWH

_FLAT = 2
"""The rate whose price values the energy that an unopened meter counted before the farm started."""


ALARM_2_TRIPS = 1
"""Bit of the money-control option (ASSUMED)."""


class PrepaidMeter(EnergyMeter):
    """A meter with credit and a relay: DTSY1352-NK/F, DDSY1352-NK/F."""

    __slots__ = (
        "alarms_fen",
        "base_counts",
        "counter_rule",
        "forced_mode",
        "forced_state",
        "hoarding_limit_fen",
        "last_top_up_fen",
        "load_limit",
        "load_limits",
        "money_on",
        "option",
        "overdraft_fen",
        "overload_w",
        "prices_e4",
        "purchase_count",
        "remaining_fine",
        "reminded",
        "step_period",
        "step_tariff",
        "step_used_mwh",
        "time_acts",
        "time_plan",
        "total_purchased_fen",
        "trips",
        "welded_closed",
    )

    values: ClassVar = PREPAID_VALUES
    writers: ClassVar = PREPAID_WRITERS

    def __init__(self, placed: SiteMeter, layout: Layout, *, now_ms: int, zone_ms: int, seed: int) -> None:
        super().__init__(placed, layout, now_ms=now_ms, zone_ms=zone_ms, seed=seed)
        assert placed.profile.prepayment is not None
        self.counter_rule: CounterRule = placed.profile.prepayment.counter_rule
        self.money_on = placed.meter_opened
        self.prices_e4 = placed.prices.by_rate
        self.base_counts = placed.base * MWH_PER_CENTIKWH // self.divisor
        self.purchase_count = placed.start.purchase_count
        self.total_purchased_fen = placed.start.total_purchased
        self.last_top_up_fen: int | None = None
        self.alarms_fen = placed.alarms
        self.overdraft_fen = placed.overdraft
        self.hoarding_limit_fen = placed.hoarding_limit
        self.trips = NO_TRIPS
        self.set_load_control(placed.overload_w, _first_limits(placed.profile.phases, placed.overload))
        self.step_tariff = NO_STEPS
        self.step_used_mwh = 0
        """Energy in period number `step_period` of the step tariff."""
        self.step_period = 0
        self.set_time_plan(_first_plan(placed.profile.phases))
        self.option = ALARM_2_TRIPS if placed.alarm_2_trips else 0
        self.forced_mode = 0
        self.forced_state = 0
        self.welded_closed: bool | None = None
        """How the relay is stuck, whatever is decided; None: it is not."""
        if placed.start.remaining is not None:
            self.remaining_fine = placed.start.remaining * FINE_PER_FEN
        else:
            owed_mwh = (placed.start.energy - placed.base) * MWH_PER_CENTIKWH
            self.remaining_fine = -owed_mwh * self.prices_e4[_FLAT]
        self.reminded = True
        """Whether the reminder at alarm 2 is over; it is due again once credit has been above alarm 2."""
        self.rearm()

    @property
    def remaining_fen(self) -> int:
        """What the register shows: cut towards zero."""
        fen = abs(self.remaining_fine) // FINE_PER_FEN
        return fen if self.remaining_fine >= 0 else -fen

    @property
    def money_ok(self) -> bool:
        """Whether money control lets the relay be closed."""
        if not self.money_on:
            return True
        return self.remaining_fine > -self.overdraft_fen * FINE_PER_FEN and not self.reminding

    @property
    def reminds(self) -> bool:
        """Whether the relay opens once when credit falls to alarm 2."""
        return self.money_on and bool(self.option & ALARM_2_TRIPS)

    @property
    def reminding(self) -> bool:
        """Whether the relay is open as a reminder, until `restore`."""
        return not self.reminded and self.reminds and self.remaining_fine <= self.alarms_fen[1] * FINE_PER_FEN

    def restore(self) -> None:
        """End the reminder: the key on the meter, or the command that leaves forced mode."""
        if self.reminding:
            self.reminded = True

    def rearm(self) -> None:
        """After credit or alarms were set: the next fall to alarm 2 is a new one if credit is above it now."""
        if self.remaining_fine > self.alarms_fen[1] * FINE_PER_FEN:
            self.reminded = False

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
    def step_energy_mwh(self) -> int:
        """Energy in the period of the step tariff that runs by the meter's clock."""
        tariff = self.step_tariff
        over = tariff.on and tariff.period_of(self.clock.local(self.settled_ms)) != self.step_period
        return 0 if over else self.step_used_mwh

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

    def price_e4(self, rate: int) -> int:
        """Price of a rate; deep valley, which has no price of its own, costs as valley."""
        return self.prices_e4[min(rate, len(self.prices_e4)) - 1]

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

    def set_steps(self, tariff: StepTariff) -> None:
        """Charge by this step tariff from now on; switched on, or with another period, it begins at step 1."""
        if tariff.on and (not self.step_tariff.on or tariff.period != self.step_tariff.period):
            self.step_used_mwh = 0
            self.step_period = tariff.period_of(self.clock.local(self.settled_ms))
        self.step_tariff = tariff

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
            self._deduct(rate, until_ms)
        else:
            self.settled_ms = until_ms
        if decision is not None and decision[0] == self.settled_ms:
            self.trips = decision[1]

    def other_function(self, pdu: bytes, now_s: float) -> bytes:
        if pdu[0] == VENDOR:
            return commands.answer(self, pdu, now_s)
        return super().other_function(pdu, now_s)

    @property
    def status_word_1(self) -> int:
        """Relay, forced control and alarms (vendor commissioning tool)."""
        phases = (1 << self.profile.phases) - 1
        word = (phases << 13 if self.relay_closed else 0) | (phases if self.forced_state == 0 else 0)
        flags = [bool(self.forced_mode), self.over_limit, *self._money_flags()]
        return word | sum(flag << bit for bit, flag in enumerate(flags, start=3))

    @property
    def status_word_2(self) -> int:
        """What each controller decides, 1 = closed (vendor commissioning tool)."""
        phases = (1 << self.profile.phases) - 1
        money, time = (self.money_ok, self.money_on), (self.time_ok, self.time_acts)
        decided = (money, time, (self.load_ok, self.load_limit is not None))
        nibbles = ((phases if closed else 0) | is_on << 3 for closed, is_on in decided)
        return sum(nibble << 4 * place for place, nibble in enumerate(nibbles))

    def _money_flags(self) -> tuple[bool, bool, bool]:
        """Arrears, alarm 1, alarm 2."""
        if not self.money_on:
            return False, False, False
        limits = (0, *self.alarms_fen)
        arrears, first, second = (self.remaining_fine <= limit * FINE_PER_FEN for limit in limits)
        return arrears, first, second

    def _switching_ms(self) -> int:
        """When time control may decide otherwise; midnight at the latest."""
        _, until = self.time_plan.closed_at(self.clock.local(self.settled_ms))
        return self.clock.reaches_ms(until)

    def _load_decision(self, limit: Limit, *, supplied: bool) -> tuple[int, Trips] | None:
        self.trips = self.trips.watching(self.settled_ms, supplied=supplied)
        return self.trips.following(limit, self.load, self.settled_ms, self.clock.zone_ms)

    def _deduct(self, rate: int, until_ms: int) -> None:
        """Count and pay for what is drawn, up to `until_ms` or until money opens the relay."""
        if self.step_tariff.on:
            self._deduct_by_steps(self.step_tariff, rate, until_ms)
            return
        price_e4 = self.price_e4(rate)
        spare_fine = self._spare_fine()
        if spare_fine is not None and price_e4:
            until_ms = min(until_ms, self._drawn_ms(-(-spare_fine // price_e4), until_ms))
        self.remaining_fine -= self.count(rate, until_ms) * price_e4

    def _deduct_by_steps(self, tariff: StepTariff, rate: int, until_ms: int) -> None:
        """The same by steps. A stretch of one rate ends at midnight, so a period ends where a stretch does."""
        self._begin_step_period()
        spare_fine = self._spare_fine()
        if spare_fine is not None:
            lasts_mwh = tariff.lasts_mwh(self.step_used_mwh, spare_fine, self.divisor)
            if lasts_mwh is not None:
                until_ms = min(until_ms, self._drawn_ms(lasts_mwh, until_ms))
        drawn_mwh = self.count(rate, until_ms)
        self.remaining_fine -= tariff.charge_fine(self.step_used_mwh, drawn_mwh, self.divisor)
        self.step_used_mwh += drawn_mwh

    def _begin_step_period(self) -> None:
        self.step_used_mwh = self.step_energy_mwh
        self.step_period = self.step_tariff.period_of(self.clock.local(self.settled_ms))

    def _spare_fine(self) -> int | None:
        """Credit until money opens the relay; None when it will not."""
        if not self.money_on or self.forced_mode or self.welded_closed:
            return None
        if not self.reminded and self.reminds:
            return self.remaining_fine - self.alarms_fen[1] * FINE_PER_FEN
        return self.remaining_fine + self.overdraft_fen * FINE_PER_FEN

    def _drawn_ms(self, energy_mwh: int, otherwise_ms: int) -> int:
        """When so much more energy will have been drawn; `otherwise_ms` when it never will."""
        zone_ms = self.clock.zone_ms
        local_ms = self.load.reaches_ms(self.load.drawn(self.settled_ms + zone_ms) + energy_mwh)
        return otherwise_ms if local_ms is None else local_ms - zone_ms


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
    """Shared by all meters that nobody planned."""
    return TimePlan((PhasePlan(),) * phases)
