"""Credit in a meter: deducts by the running rate's or step's price, raises alarms, and computes when credit ends.

Credit is kept in units of 1e-10 yuan (mWh × price in 0.0001 yuan per kWh), in which every deduction is exact; registers
show it in fen, rounded towards zero. The moment at which credit ends is computed, not polled for. `meter` has the relay,
`steps` the cost of steps.

Without money control the credit counts too, from minus the value of the energy since installation downwards: an unopened
meter shows what it would owe (ASSUMED, from screens of a real site).
"""

from prewatt_fixtures.profile import CounterRule
from prewatt_fixtures.site import SiteMeter
from prewatt_simulator.devices.energy.meter import EnergyMeter
from prewatt_simulator.devices.layout import Layout
from prewatt_simulator.devices.prepaid.steps import NO_STEPS, StepTariff
from prewatt_simulator.units import FINE_PER_FEN, MWH_PER_CENTIKWH

ALARM_2_TRIPS = 1
"""Bit of the money-control option: alarm 2 opens the relay once (ASSUMED)."""

_FLAT = 2
"""Index of the price by which an unopened meter's energy before the farm's start is valued."""


class CreditMeter(EnergyMeter):
    """A meter with credit; the subclass `PrepaidMeter` adds the relay."""

    __slots__ = (
        "alarms_fen",
        "base_counts",
        "counter_rule",
        "hoarding_limit_fen",
        "last_top_up_fen",
        "money_on",
        "option",
        "overdraft_fen",
        "prices_e4",
        "purchase_count",
        "remaining_fine",
        "reminded",
        "step_period",
        "step_tariff",
        "step_used_mwh",
        "total_purchased_fen",
    )

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
        self.option = ALARM_2_TRIPS if placed.alarm_2_trips else 0
        self.step_tariff = NO_STEPS
        self.step_used_mwh = 0
        """Energy in period number `step_period` of the step tariff."""
        self.step_period = 0
        if placed.start.remaining is not None:
            self.remaining_fine = placed.start.remaining * FINE_PER_FEN
        else:
            owed_mwh = self.energy_mwh - placed.base * MWH_PER_CENTIKWH
            self.remaining_fine = -owed_mwh * self.prices_e4[_FLAT]
        self.reminded = True
        """Whether the reminder at alarm 2 is over; `rearm` makes it due again once credit is above alarm 2."""
        self.rearm()

    @property
    def remaining_fen(self) -> int:
        """Credit in fen as the register shows it, rounded towards zero."""
        # `//` rounds down; a meter owes -0.5 fen as 0, so the sign is taken off first
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
        """Whether alarm 2 opens the relay once, as a reminder."""
        return self.money_on and bool(self.option & ALARM_2_TRIPS)

    @property
    def reminding(self) -> bool:
        """Whether the reminder at alarm 2 holds the relay open, until `restore`."""
        return not self.reminded and self.reminds and self.remaining_fine <= self.alarms_fen[1] * FINE_PER_FEN

    def restore(self) -> None:
        """End the reminder, as by the meter's key or the command that leaves forced mode."""
        if self.reminding:
            self.reminded = True

    def rearm(self) -> None:
        """Make the reminder due again if credit is above alarm 2. Call it after credit or alarms were set."""
        if self.remaining_fine > self.alarms_fen[1] * FINE_PER_FEN:
            self.reminded = False

    @property
    def flags(self) -> tuple[bool, bool, bool]:
        """Arrears, alarm 1 and alarm 2; all off without money control."""
        if not self.money_on:
            return False, False, False
        # arrears is an alarm at 0; one comparison serves all three
        limits = (0, *self.alarms_fen)
        arrears, first, second = (self.remaining_fine <= limit * FINE_PER_FEN for limit in limits)
        return arrears, first, second

    @property
    def step_energy_mwh(self) -> int:
        """Energy in the running period of the step tariff, by the meter's clock, in primary mWh."""
        tariff = self.step_tariff
        over = tariff.on and tariff.period_of(self.clock.local(self.settled_ms)) != self.step_period
        return 0 if over else self.step_used_mwh

    def price_e4(self, rate: int) -> int:
        """Price of a rate in 0.0001 yuan per kWh; deep valley has no price register and costs as valley."""
        return self.prices_e4[min(rate, len(self.prices_e4)) - 1]

    def set_steps(self, tariff: StepTariff) -> None:
        """Charge by this step tariff from now on, from step 1 when it is switched on or its period changes."""
        if tariff.on and (not self.step_tariff.on or tariff.period != self.step_tariff.period):
            self.step_used_mwh = 0
            self.step_period = tariff.period_of(self.clock.local(self.settled_ms))
        self.step_tariff = tariff

    def charge(self, rate: int, until_ms: int, *, stops: bool) -> None:
        """Count and charge the load up to `until_ms`; with `stops` no further than the moment credit opens the relay."""
        spare_fine = self._spare_fine() if stops and self.money_on else None
        if self.step_tariff.on:
            self._charge_by_steps(rate, until_ms, spare_fine)
            return
        price_e4 = self.price_e4(rate)
        # rounded up: the least energy whose cost reaches the credit that is left
        if spare_fine is not None and price_e4:
            until_ms = min(until_ms, self._reaches_ms(-(-spare_fine // price_e4), until_ms))
        self.remaining_fine -= self.count(rate, until_ms) * price_e4

    def _charge_by_steps(self, rate: int, until_ms: int, spare_fine: int | None) -> None:
        """As `charge`, by the step tariff."""
        # An interval of one rate ends at midnight at the latest, so a month or year never ends inside it.
        tariff = self.step_tariff
        # a new month or year sets the used energy to 0 before this interval is charged
        self.step_used_mwh = self.step_energy_mwh
        self.step_period = tariff.period_of(self.clock.local(self.settled_ms))
        if spare_fine is not None:
            affordable_mwh = tariff.affordable_mwh(self.step_used_mwh, spare_fine, self.divisor)
            if affordable_mwh is not None:
                until_ms = min(until_ms, self._reaches_ms(affordable_mwh, until_ms))
        drawn_mwh = self.count(rate, until_ms)
        self.remaining_fine -= tariff.charge_fine(self.step_used_mwh, drawn_mwh, self.divisor)
        self.step_used_mwh += drawn_mwh

    def _spare_fine(self) -> int:
        """Credit left before the relay opens: down to alarm 2 while a reminder is due, else down to the overdraft."""
        if not self.reminded and self.reminds:
            # the reminder opens the relay first: alarm 2 lies above the overdraft
            return self.remaining_fine - self.alarms_fen[1] * FINE_PER_FEN
        return self.remaining_fine + self.overdraft_fen * FINE_PER_FEN

    def _reaches_ms(self, energy_mwh: int, otherwise_ms: int) -> int:
        """Farm time at which `energy_mwh` more will have been drawn; `otherwise_ms` when it never will."""
        zone_ms = self.clock.zone_ms
        local_ms = self.load.reaches_ms(self.load.drawn(self.settled_ms + zone_ms) + energy_mwh)
        return otherwise_ms if local_ms is None else local_ms - zone_ms
