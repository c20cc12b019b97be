"""Load control: when too much power opens a prepaid meter's relay, and when it comes back by itself.

Values without a clock: a meter asks `Trips` what is decided next and when, lives up to that moment, and takes the
trips as they are then. So a year that nobody looked at is a handful of steps. The power compared is the load's, on
the primary side and without the flicker of measured values (ASSUMED).
"""

from dataclasses import dataclass, replace

from prewatt_fixtures.load_limits import LoadLimits, PhaseLimits
from prewatt_simulator.devices.load import Load
from prewatt_simulator.units import DAY_MS

_MINUTE_MS = 60_000
_SECOND_MS = 1000


@dataclass(frozen=True, slots=True)
class Limit:
    """What load control acts by."""

    power_w: int
    delay_ms: int
    recovery_ms: int
    trips_allowed: int


def strictest(overload_w: int, limits: LoadLimits) -> Limit | None:
    """The limit that is passed first, of the overload threshold and the phases that act; None when there is none.

    The load is spread evenly over the phases, and they share a relay. The threshold goes by the times of phase L1.
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
    """How often load control has opened the relay, and whether it does so now. Times are the farm's milliseconds."""

    count: int = 0
    holds_open: bool = False
    recloses_ms: int | None = None
    """When it lets go by itself; None while it holds: not before the trips are cleared."""
    watches_since_ms: int | None = None
    """Since when the load has been supplied, so that its power counts; None: it is not."""

    def watching(self, now_ms: int, *, supplied: bool) -> "Trips":
        """The same, knowing whether the load is supplied from now on."""
        if supplied is (self.watches_since_ms is not None):
            return self
        return replace(self, watches_since_ms=now_ms if supplied else None)

    def following(self, limit: Limit, load: Load, now_ms: int, zone_ms: int) -> "tuple[int, Trips] | None":
        """The next moment at which something is or may be decided, and how it stands then; None when nothing ever is."""
        if self.holds_open:
            return None if self.recloses_ms is None else (self.recloses_ms, Trips(self.count))
        if self.watches_since_ms is None:
            return None
        stretch = load.over(limit.power_w, now_ms + zone_ms)
        if stretch is None:
            return now_ms + DAY_MS, self
        first_ms, end_ms = stretch[0] - zone_ms, stretch[1] - zone_ms
        trip_ms = max(first_ms, self.watches_since_ms) + limit.delay_ms
        if trip_ms > end_ms:
            return end_ms, self
        trip_ms = max(trip_ms, now_ms)
        count = self.count + 1
        recloses_ms = trip_ms + limit.recovery_ms if count <= limit.trips_allowed else None
        return trip_ms, Trips(count, True, recloses_ms)


NO_TRIPS = Trips()
