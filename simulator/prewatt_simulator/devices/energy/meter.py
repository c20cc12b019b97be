"""A multi-rate energy meter: counts what its load draws into the rate that runs by its own clock and tables.

Energy is kept per rate in whole mWh of the primary side; the total is their sum, so the two never disagree by more
than the registers' cut. Registers on the secondary side show it divided by CT × PT, cut to 0.01 kWh.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Self

from prewatt_fixtures.measurements import Measurement
from prewatt_fixtures.profile import profile
from prewatt_fixtures.rates import (
    DAY_MINUTES,
    DEFAULT_DAY_TABLE,
    RateCalendar,
    YearZones,
    fixed_calendar,
)
from prewatt_fixtures.registers import Value
from prewatt_fixtures.site import SiteMeter
from prewatt_simulator.devices import seed_defaults
from prewatt_simulator.devices.device import MEASURING_PERIOD_MS, Meter
from prewatt_simulator.devices.energy import demand, events, months
from prewatt_simulator.devices.energy.clock import MeterClock
from prewatt_simulator.devices.energy.electrical import Electrical, measure
from prewatt_simulator.devices.energy.history import Frozen, Peak
from prewatt_simulator.devices.layout import Layout
from prewatt_simulator.devices.load import SHAPES, Load
from prewatt_simulator.devices.trace import load_of
from prewatt_simulator.units import MWH_PER_CENTIKWH


class EnergyMeter(Meter):
    """A meter that measures and keeps no money: ADW300, DTSD1352-C."""

    __slots__ = (
        "_electrical",
        "_month_ends",
        "_rate",
        "_rate_until_ms",
        "calendar",
        "clock",
        "ct",
        "frozen",
        "latest_event",
        "load",
        "peak",
        "pt",
        "rates_mwh",
        "reverse_mwh",
        "reverse_peak",
        "seed",
    )

    def __init__(self, placed: SiteMeter, layout: Layout, *, now_ms: int, zone_ms: int, seed: int) -> None:
        super().__init__(placed.number, placed.profile, layout, now_ms)
        self.ct, self.pt = placed.ct, placed.pt
        drawn = seed_defaults.load_for(placed, seed)
        self.load = load_of(
            drawn.shape,
            drawn.per_day * MWH_PER_CENTIKWH,
            drawn.file,
            "kwh",
            solar_per_day=drawn.solar_per_day * MWH_PER_CENTIKWH,
        )
        self.reverse_mwh: Sequence[int] = _nothing_fed(placed.profile.rates)
        """Energy fed in, by the rate that ran; the forward counters never fall (ASSUMED)."""
        self.clock = MeterClock(zone_ms)
        self.calendar = _first_calendar(placed.profile.model)
        self.rates_mwh = self._spread(seed_defaults.energy_centikwh(placed, drawn, seed), drawn.shape)
        self.seed = seed
        self._rate = 1
        self._rate_until_ms = now_ms
        self._month_ends = False
        """Whether the month ends where the running rate does."""
        self._electrical: Electrical | None = None
        self.frozen: tuple[Frozen, ...] = ()
        """What was written down at the ends of the last months, the latest first."""
        self.peak: Peak | None = None
        """What is known of the month's maximum demand; None: nobody has asked yet."""
        self.reverse_peak: Peak | None = None
        """The same of what was fed in."""
        self.latest_event = b""
        """As its register shows it, on a meter that has one."""
        self.power_on(now_ms)

    @property
    def energy_mwh(self) -> int:
        """Primary energy of all rates."""
        return sum(self.rates_mwh)

    @property
    def reverse_energy_mwh(self) -> int:
        """Primary energy fed in, of all rates."""
        return sum(self.reverse_mwh)

    @property
    def divisor(self) -> int:
        """Primary mWh in one count of an energy register."""
        return MWH_PER_CENTIKWH * (self.ct * self.pt if self.profile.secondary else 1)

    @property
    def local(self) -> datetime:
        """Local time shown by the meter's clock."""
        return self.clock.local(self.settled_ms)

    @property
    def moment(self) -> int:
        """Number of the measuring period that was last measured."""
        return self.settled_ms // MEASURING_PERIOD_MS

    @property
    def power_w(self) -> float:
        """Primary power that the load draws when it is supplied, without flicker; negative: it feeds in."""
        return self.load.per_hour(self.settled_ms + self.clock.zone_ms)

    @property
    def supplied(self) -> bool:
        """Whether the load gets current."""
        return True

    def settle(self, now_ms: int) -> None:
        while self.settled_ms < now_ms:
            if self.settled_ms >= self._rate_until_ms:
                self._find_rate()
            self.consume(self._rate, min(now_ms, self._rate_until_ms))

    def consume(self, rate: int, until_ms: int) -> None:
        """Live up to `until_ms` or less, all of it in `rate`."""
        self.count(rate, until_ms)

    def count(self, rate: int, until_ms: int) -> int:
        """Add what the load draws until then to a rate; the energy that was added."""
        zone_ms = self.clock.zone_ms
        drawn = self.load.drawn(until_ms + zone_ms) - self.load.drawn(self.settled_ms + zone_ms)
        self.rates_mwh[rate - 1] += drawn
        if self.load.feeds_in:
            fed = self.load.fed(until_ms + zone_ms) - self.load.fed(self.settled_ms + zone_ms)
            self.reverse_mwh = [*self.reverse_mwh]
            self.reverse_mwh[rate - 1] += fed
        self.settled_ms = until_ms
        return drawn

    def _read(self, pdu: bytes) -> bytes:
        reply = super()._read(pdu)
        self._electrical = None  # big, and of this reply only
        return reply

    def electrical(self) -> Electrical:
        """Values of the moment, for the period that was last measured."""
        if self._electrical is None:
            power_w = self.power_w if self.supplied else 0.0
            ct, pt = (self.ct, self.pt) if self.profile.secondary else (1, 1)
            self._electrical = measure(power_w, self.profile.phases, ct, pt, self.seed, self.moment)
        return self._electrical

    def power_on(self, at_ms: int) -> None:
        """Power comes back at that moment of the farm: a meter that keeps events writes that down."""
        if self.profile.has(Measurement.LATEST_EVENT):
            self.latest_event = events.power_on(self.clock.local(at_ms))

    def set_calendar(self, calendar: RateCalendar) -> None:
        """Follow other day tables or year zones from now on."""
        self._end_stretch()
        self.calendar = calendar

    def set_clock(self, at: datetime) -> None:
        """From now on the meter's clock says `at`."""
        self._end_stretch()
        self.clock.set(at, self.settled_ms)

    def shift_clock(self, by_ms: int) -> None:
        """From now on the meter's clock is `by_ms` further."""
        self._end_stretch()
        self.clock.shift(by_ms)

    def drift_clock(self, ppm: int) -> None:
        """From now on the meter's clock gains `ppm` parts in a million."""
        self._end_stretch()
        self.clock.drift(ppm, self.settled_ms)

    def set_month_setting(self, measurement: Measurement, value: Value) -> None:
        """Take another freeze time or demand cycle from now on."""
        self._end_stretch()
        self.set(measurement, value)

    def set_load(self, load: Load) -> None:
        """From now on this is drawn."""
        demand.hold(self)
        self.load = load

    def months_ago(self, month: int) -> Frozen:
        """Counters frozen at the end of the nth month before now."""
        return self.frozen[month - 1] if month <= len(self.frozen) else Frozen.nothing(self.profile)

    def set_ratios(self, ct: int, pt: int) -> None:
        """Set other transformer ratios: the registers keep their values, and energy counts by the new ratios from now on."""
        if self.profile.secondary:
            self.reverse_mwh = [energy * ct * pt // (self.ct * self.pt) for energy in self.reverse_mwh]
            self.rates_mwh = [energy * ct * pt // (self.ct * self.pt) for energy in self.rates_mwh]
        self.ct, self.pt = ct, pt

    def copy_of(self) -> Self:
        copy_of = super().copy_of()
        copy_of.rates_mwh = list(self.rates_mwh)
        return copy_of

    def _end_stretch(self) -> None:
        """End the running stretch: clock, tables or cycles are about to change."""
        self._end_month()
        demand.hold(self)
        self._rate_until_ms = self.settled_ms
        self._month_ends = False

    def _end_month(self) -> None:
        if self._month_ends and self.settled_ms >= self._rate_until_ms:
            months.close(self)

    def _find_rate(self) -> None:
        self._end_month()
        local = self.clock.local(self.settled_ms)
        rate, until = self.calendar.rate_at(local)
        if self.profile.closes_months:
            month_end = months.next_end(self, local)
            self._month_ends = month_end <= until
            until = min(until, month_end)
        self._rate = min(rate, self.profile.rates)
        self._rate_until_ms = self.clock.reaches_ms(until)

    def _spread(self, centikwh: int, shape: str) -> list[int]:
        """Start energy spread over the rates as the load would have spread it, in whole counts of the registers."""
        counts, rest = divmod(centikwh * MWH_PER_CENTIKWH, self.divisor)
        weights = _rate_weights(self.profile.model, shape)
        parts = [counts * weight // sum(weights) for weight in weights]
        main = weights.index(max(weights))
        parts[main] += counts - sum(parts)
        rates_mwh = [part * self.divisor for part in parts]
        rates_mwh[main] += rest
        return rates_mwh


@cache
def _nothing_fed(rates: int) -> tuple[int, ...]:
    """Shared by all meters that never fed in."""
    return (0,) * rates


@cache
def _first_calendar(model: str) -> RateCalendar:
    """Of a model; meters of one share it until they are told another."""
    described = profile(model)
    table = DEFAULT_DAY_TABLE if described.day_table is None else described.day_table.table
    if described.has(Measurement.DAY_TABLE_3):
        return RateCalendar(YearZones(((1, 1, 1),)), (table, table, table))
    if described.has(Measurement.DAY_TABLE_2):
        return RateCalendar(YearZones(((1, 1, 1),)), (table, table))
    return fixed_calendar(table)


@cache
def _rate_weights(model: str, shape: str) -> tuple[int, ...]:
    """How a load of that shape spreads over the rates of a model's first day table."""
    table, rates = _first_calendar(model).tables[0], profile(model).rates
    known = SHAPES.get(shape, ())
    hours = known if any(known) else SHAPES["flat"]
    weights = [0] * rates
    for minute in range(0, DAY_MINUTES, 30):
        rate, _ = table.slot_at(minute)
        weights[min(rate, rates) - 1] += hours[minute // 60]
    return tuple(weights)
