"""Demand: the mean power of each full cycle of a meter's clock, and the largest since its month began.

Cycles of 15, 30, 45 or 60 minutes follow each other from the meter's midnight (ASSUMED: the sources name the length of
the cycle, not whether it slides). The load is a known function of time, so a demand is computed when it is read, and the
maximum does not depend on earlier reads. The load counts as running before the farm's start.
"""

from enum import Enum

from prewatt_fixtures.measurements import Measurement
from prewatt_simulator.devices.energy import months
from prewatt_simulator.devices.energy.clock import datetime_of
from prewatt_simulator.devices.energy.history import Counter, Peak
from prewatt_simulator.units import HOUR_MS

_QUARTER_MS = HOUR_MS // 4


class Flow(Enum):
    """Direction of energy. The value is the meter's attribute with the month's maximum demand."""

    FORWARD = "peak"
    REVERSE = "reverse_peak"


def last_w(meter: Counter, flow: Flow = Flow.FORWARD) -> int:
    """Mean power of the last full cycle, primary watts."""
    return _mean_w(meter, meter.clock.local_ms(meter.settled_ms) // _cycle_ms(meter), flow)


def peak(meter: Counter, flow: Flow = Flow.FORWARD) -> Peak:
    """The largest demand of the cycles that ended since the month began.

    Only cycles that ended since the last call are computed; the meter keeps the result.
    """
    kept: Peak | None = getattr(meter, flow.value)
    known = _new_month(meter) if kept is None else kept
    if kept is None or known.checked_ms < meter.settled_ms:
        clock, cycle_ms = meter.clock, _cycle_ms(meter)
        # cycles that ended since the last look, bounded by `_last_cycle_to_check`
        ended = range(
            clock.local_ms(known.checked_ms) // cycle_ms + 1,
            min(clock.local_ms(meter.settled_ms) // cycle_ms, _last_cycle_to_check(meter, known)) + 1,
        )
        watt, local_ms = known.watt, known.local_ms
        for cycle in ended:
            if (mean_w := _mean_w(meter, cycle, flow)) > watt:
                watt, local_ms = mean_w, cycle * cycle_ms
        known = Peak(watt, local_ms, known.since_ms, meter.settled_ms)
        setattr(meter, flow.value, known)
    return known


def keep_maximum(meter: Counter) -> None:
    """Store the maximum up to now. Call it before clock, cycle or load change, from which it could not be computed."""
    if meter.profile.has(Measurement.DEMAND_FORWARD_MAX):
        for flow in Flow:
            setattr(meter, flow.value, peak(meter, flow)._replace(since_ms=meter.settled_ms))


def cycle_quarters(meter: Counter) -> int:
    """Length of a cycle in quarters of an hour."""
    written = meter.settings.get(Measurement.DEMAND_CYCLE)
    return written if isinstance(written, int) else 1


def time_bytes(local_ms: int) -> bytes:
    """Minute, hour, day, month of a local time, a byte each; zeros for 0."""
    if not local_ms:
        return bytes(4)
    at = datetime_of(local_ms)
    return bytes((at.minute, at.hour, at.day, at.month))


def _new_month(meter: Counter) -> Peak:
    began = months.last_end(meter, meter.clock.local(meter.settled_ms))
    began_ms = meter.clock.reaches_ms(began)
    return Peak(0, 0, began_ms, began_ms)


def _last_cycle_to_check(meter: Counter, known: Peak) -> int:
    """The last cycle that can raise the maximum: with a steady clock, demands repeat with the load.

    Bounds the work of the first read after months without one.
    """
    period_ms, cycle_ms = meter.load.period_ms, _cycle_ms(meter)
    # a drifting clock, or a load that is no multiple of the cycle, makes every cycle a different stretch of the load
    if meter.clock.drift_ppm or period_ms % cycle_ms:
        return meter.clock.local_ms(meter.settled_ms) // cycle_ms
    return (meter.clock.local_ms(known.since_ms) + period_ms) // cycle_ms


def _cycle_ms(meter: Counter) -> int:
    return cycle_quarters(meter) * _QUARTER_MS


def _mean_w(meter: Counter, cycle: int, flow: Flow) -> int:
    cycle_ms, clock, load = _cycle_ms(meter), meter.clock, meter.load
    began, ended = (clock.first_ms(at * cycle_ms) + clock.zone_ms for at in (cycle - 1, cycle))
    amount = load.drawn if flow is Flow.FORWARD else load.fed
    return (amount(ended) - amount(began)) * HOUR_MS // (1000 * cycle_ms)
