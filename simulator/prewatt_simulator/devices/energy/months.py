"""Month end of a meter: freezes its counters and resets the maximum demand.

The month ends by the meter's own clock, at a day and an hour that can be set. A clock that is set forward over that
moment freezes nothing; one that is set back over it freezes again (ASSUMED). Frozen registers are 0 until a month has
ended.
"""

from datetime import datetime

from prewatt_fixtures.measurements import Measurement
from prewatt_simulator.devices.energy.history import Counter, Frozen

DEFAULT_FREEZE_TIME = bytes((0, 1))
"""Hour and day: midnight at the start of the first day (ASSUMED)."""
_YEAR_MONTHS = 12


def next_end(meter: Counter, local: datetime) -> datetime:
    """The first month end after a local time."""
    end = _end(meter, local)
    if end > local:
        return end
    # months counted from 0: `end.month` is already the number of the next one
    year, month = divmod(12 * end.year + end.month, _YEAR_MONTHS)
    return end.replace(year=year, month=month + 1)


def last_end(meter: Counter, local: datetime) -> datetime:
    """The last month end at or before a local time."""
    end = _end(meter, local)
    if end <= local:
        return end
    year, month = divmod(12 * end.year + end.month - 2, _YEAR_MONTHS)
    return end.replace(year=year, month=month + 1)


def close(meter: Counter) -> None:
    """Reset the maximum demand and, on a meter that freezes, store the counters of the month that just ended."""
    meter.peak = meter.reverse_peak = None
    freezes = meter.profile.freezes
    if freezes is not None:
        local = last_end(meter, meter.clock.local(meter.settled_ms))
        frozen = Frozen(local, tuple(meter.rates_mwh), meter.divisor, meter.profile, tuple(meter.reverse_mwh))
        meter.frozen = (frozen, *meter.frozen)[: freezes.months]


def freeze_time(meter: Counter) -> bytes:
    """Hour and day of the month end, a byte each."""
    written = meter.settings.get(Measurement.FREEZE_TIME)
    return written if isinstance(written, bytes) else DEFAULT_FREEZE_TIME


def _end(meter: Counter, local: datetime) -> datetime:
    hour, day = freeze_time(meter)
    return local.replace(day=day, hour=hour, minute=0, second=0, microsecond=0)
