"""Load control: when overload opens a prepaid meter's relay, and when the relay closes again.

Pure values: `Trips.next_decision` returns the moment of the next decision and the trips after it; the meter settles to
that moment and takes them over. So a year without a read takes a few steps. The power compared is the load's, on the
primary side and without the noise of measured values (ASSUMED).
"""

from dataclasses import dataclass, replace

from prewatt_fixtures.load_limits import LoadLimits, PhaseLimits
from prewatt_simulator.devices.load import Load
from prewatt_simulator.units import DAY_MS

_MINUTE_MS = 60_000
_SECOND_MS = 1000


@dataclass(frozen=True, slots=True)
class Limit:
    """Power above which load control opens the relay, and its times."""

    power_w: int
    delay_ms: int
    recovery_ms: int
    trips_allowed: int


def strictest(overload_w: int, limits: LoadLimits) -> Limit | None:
    """The lowest limit of the overload threshold and the enabled phases; None when there is none.

    The load is spread evenly over the phases, and they share one relay. The threshold has the times of phase L1.
    """
    found = [(overload_w, limits.phases[0])] if overload_w else []
    found += [
        (phase.max_w * len(limits.phases), phase)
        for index, phase in enumerate(limits.phases)
        if phase.max_w and limits.acts(index)
    ]
    return _limit(*min(found, key=lambda pair: pair[0])) if found else None


def _limit(power_w: int, phase: PhaseLimits) -> Limit:
    return Limit(power_w, phase.delay_s * _SECOND_MS, phase.recovery_min * _MINUTE_MS, phase.trips_allowed)


@dataclass(frozen=True, slots=True)
class Trips:
    """Number of trips, and whether load control holds the relay open now. Times are farm milliseconds."""

    count: int = 0
    holds_open: bool = False
    recloses_ms: int | None = None
    """Time of automatic reclosing; None while open: not before the trips are cleared."""
    watching_since_ms: int | None = None
    """Time since which the load is supplied and its power counts; None: not supplied."""

    def with_supply(self, now_ms: int, *, supplied: bool) -> "Trips":
        """These trips with the load supplied, or not, from now on."""
        if supplied is (self.watching_since_ms is not None):
            return self
        return replace(self, watching_since_ms=now_ms if supplied else None)

    def next_decision(
        self, limit: Limit, load: Load, now_ms: int, zone_ms: int
    ) -> "tuple[int, Trips] | None":
        """Time of the next decision and the trips after it; None when nothing is ever decided.

        The time may also be one at which nothing changes yet and the question is due again.
        """
        if self.holds_open:
            return None if self.recloses_ms is None else (self.recloses_ms, Trips(self.count))
        if self.watching_since_ms is None:
            return None
        stretch = load.interval_over(limit.power_w, now_ms + zone_ms)
        if stretch is None:
            return now_ms + DAY_MS, self  # `interval_over` looks one day ahead
        first_ms, end_ms = stretch[0] - zone_ms, stretch[1] - zone_ms
        trip_ms = max(first_ms, self.watching_since_ms) + limit.delay_ms
        if trip_ms > end_ms:
            return end_ms, self
        # The limit may have been set in the middle of an overload whose delay is over already.
        trip_ms = max(trip_ms, now_ms)
        count = self.count + 1
        recloses_ms = trip_ms + limit.recovery_ms if count <= limit.trips_allowed else None
        return trip_ms, Trips(count, True, recloses_ms)


NO_TRIPS = Trips()
