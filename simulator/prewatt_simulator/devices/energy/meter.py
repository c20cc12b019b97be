"""Multi-rate energy meter: counts the energy of its load into the rate that runs by its own clock and tables.

Energy is kept per rate in mWh of the primary side; the total is their sum. Registers of the secondary side show it
divided by CT × PT, rounded down to 0.01 kWh.
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
    """A meter without credit: ADW300, DTSD1352-C. Base class of prepaid meters."""

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
        self.reverse_mwh: Sequence[int] = _no_reverse(placed.profile.rates)
        """Energy fed in, by rate; the forward counters never fall (ASSUMED)."""
        self.clock = MeterClock(zone_ms)
        self.calendar = _default_calendar(placed.profile.model)
        self.rates_mwh = self._spread(seed_defaults.energy_centikwh(placed, drawn, seed), drawn.shape)
        self.seed = seed
        self._rate = 1
        self._rate_until_ms = now_ms
        self._month_ends = False
        """Whether the month ends at `_rate_until_ms`."""
        self._electrical: Electrical | None = None
        self.frozen: tuple[Frozen, ...] = ()
        """Counters at the ends of the last months, the latest first."""
        self.peak: Peak | None = None
        """Maximum demand of the month; None before the first read of it."""
        self.reverse_peak: Peak | None = None
        """Maximum demand of the month, fed in."""
        self.latest_event = b""
        """Value of the event register; empty on a meter without one."""
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
        """Local time of the meter's clock."""
        return self.clock.local(self.settled_ms)

    @property
    def moment(self) -> int:
        """Number of the measuring period up to which the state is settled."""
        return self.settled_ms // MEASURING_PERIOD_MS

    @property
    def power_w(self) -> float:
        """Primary power of the load while supplied, without noise; negative when it feeds in."""
        return self.load.per_hour(self.settled_ms + self.clock.zone_ms)

    @property
    def supplied(self) -> bool:
        """Whether the load is supplied; always, on a meter without relay."""
        return True

    def settle(self, now_ms: int) -> None:
        # One step per stretch of a single rate: days of a meter that nobody reads take a few steps each.
        while self.settled_ms < now_ms:
            if self.settled_ms >= self._rate_until_ms:
                self._find_rate()
            self.consume(self._rate, min(now_ms, self._rate_until_ms))

    def consume(self, rate: int, until_ms: int) -> None:
        """Settle to `until_ms`, or to an earlier moment at which something is decided, with all energy in `rate`."""
        self.count(rate, until_ms)

    def count(self, rate: int, until_ms: int) -> int:
        """Count the load's energy up to `until_ms` into `rate`; return the forward part in mWh."""
        zone_ms = self.clock.zone_ms
        # differences of one cumulative function: however often a meter is read, its counter ends at the same value
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
        self._electrical = None  # valid for this reply only, and large: thousands of meters would keep it
        return reply

    def electrical(self) -> Electrical:
        """Electrical values of the running measuring period; the rows of one reply share one computation."""
        if self._electrical is None:
            power_w = self.power_w if self.supplied else 0.0
            ct, pt = (self.ct, self.pt) if self.profile.secondary else (1, 1)
            self._electrical = measure(power_w, self.profile.phases, ct, pt, self.seed, self.moment)
        return self._electrical

    def power_on(self, at_ms: int) -> None:
        """Record the return of power at `at_ms`, farm milliseconds, on a meter with an event register."""
        if self.profile.has(Measurement.LATEST_EVENT):
            self.latest_event = events.power_on(self.clock.local(at_ms))

    def set_calendar(self, calendar: RateCalendar) -> None:
        """Use other day tables and year zones from now on."""
        self._end_interval()
        self.calendar = calendar

    def set_clock(self, at: datetime) -> None:
        """Set the meter's clock to `at`."""
        self._end_interval()
        self.clock.set(at, self.settled_ms)

    def shift_clock(self, by_ms: int) -> None:
        """Move the meter's clock by `by_ms`."""
        self._end_interval()
        self.clock.shift(by_ms)

    def drift_clock(self, ppm: int) -> None:
        """Let the meter's clock gain `ppm` parts per million from now on."""
        self._end_interval()
        self.clock.drift(ppm, self.settled_ms)

    def raise_energy(self, left: int) -> None:
        """Raise the running rate's counter until the total has `left` counts of its register left before it is 0 again."""
        counted = self.energy_mwh // self.divisor
        # modulo: a counter that is past the wanted value goes once round
        more = (self.profile.energy_range - left - counted) % self.profile.energy_range
        self.rates_mwh[self._rate - 1] += more * self.divisor

    def set_month_setting(self, measurement: Measurement, value: Value) -> None:
        """Set the freeze time or the demand cycle from now on."""
        self._end_interval()
        self.set(measurement, value)

    def set_load(self, load: Load) -> None:
        """Replace the load from now on; counters keep their values."""
        demand.keep_maximum(self)
        self.load = load

    def months_ago(self, month: int) -> Frozen:
        """Counters frozen at the end of the `month`th month before the running one."""
        return self.frozen[month - 1] if month <= len(self.frozen) else Frozen.empty(self.profile)

    def set_ratios(self, ct: int, pt: int) -> None:
        """Set the transformer ratios. Registers keep their values; energy counts by the new ratios from now on."""
        # registers of the secondary side stay only if the primary energy behind them changes with the ratios
        if self.profile.secondary:
            self.reverse_mwh = [energy * ct * pt // (self.ct * self.pt) for energy in self.reverse_mwh]
            self.rates_mwh = [energy * ct * pt // (self.ct * self.pt) for energy in self.rates_mwh]
        self.ct, self.pt = ct, pt

    def copy(self) -> Self:
        # `count` changes this list in place; everything else is replaced, so that a shallow copy is enough
        copied = super().copy()
        copied.rates_mwh = list(self.rates_mwh)
        return copied

    def _end_interval(self) -> None:
        """End the running interval of one rate, before clock, tables or cycle change."""
        self._end_month()
        demand.keep_maximum(self)
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
            # a month may end inside a slot: the frozen counters must be those of the freeze time
            until = min(until, month_end)
        self._rate = min(rate, self.profile.rates)
        self._rate_until_ms = self.clock.reaches_ms(until)

    def _spread(self, centikwh: int, shape: str) -> list[int]:
        """Start energy by rate in mWh, spread as the load would have spread it, in whole counts of the registers.

        The rate with the largest share takes the rounding rest, so that the total is exact.
        """
        counts, rest = divmod(centikwh * MWH_PER_CENTIKWH, self.divisor)
        weights = _rate_weights(self.profile.model, shape)
        parts = [counts * weight // sum(weights) for weight in weights]
        main = weights.index(max(weights))
        parts[main] += counts - sum(parts)
        rates_mwh = [part * self.divisor for part in parts]
        rates_mwh[main] += rest
        return rates_mwh


@cache
def _no_reverse(rates: int) -> tuple[int, ...]:
    """Reverse counters of a meter that never fed in, shared by all such meters to save memory."""
    return (0,) * rates


@cache
def _default_calendar(model: str) -> RateCalendar:
    """Calendar of a model's first day table, shared by its meters until another is written."""
    described = profile(model)
    table = DEFAULT_DAY_TABLE if described.day_table is None else described.day_table.table
    if described.has(Measurement.DAY_TABLE_3):
        return RateCalendar(YearZones(((1, 1, 1),)), (table, table, table))
    if described.has(Measurement.DAY_TABLE_2):
        return RateCalendar(YearZones(((1, 1, 1),)), (table, table))
    return fixed_calendar(table)


@cache
def _rate_weights(model: str, shape: str) -> tuple[int, ...]:
    """Share of each rate, by a model's first day table, in a load of that shape; flat for shapes without hours."""
    table, rates = _default_calendar(model).tables[0], profile(model).rates
    known = SHAPES.get(shape, ())
    hours = known if any(known) else SHAPES["flat"]
    weights = [0] * rates
    for minute in range(0, DAY_MINUTES, 30):
        rate, _ = table.slot_at(minute)
        weights[min(rate, rates) - 1] += hours[minute // 60]
    return tuple(weights)
