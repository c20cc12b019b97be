"""Month end of a meter: freezes its counters and resets the maximum demand.

The month ends by the meter's own clock, at a day and an hour that can be set. A meter whose clock is set over that
moment writes nothing down; one that is set back over it does so again (assumed). Nothing is kept until a month has ended.
"""

from datetime import datetime

from prewatt_fixtures.measurements import Measurement
from prewatt_simulator.devices.energy.history import Counter, Frozen

FIRST_FREEZE_TIME = bytes((0, 1))
"""Midnight before the first day (assumed)."""
_YEAR_MONTHS = 12


def next_end(meter: Counter, local: datetime) -> datetime:
    """The first end of a month after a local time."""
    end = _end(meter, local)
    if end > local:
        return end
    year, month = divmod(12 * end.year + end.month, _YEAR_MONTHS)
    return end.replace(year=year, month=month + 1)


def last_end(meter: Counter, local: datetime) -> datetime:
    """The last end of a month at or before a local time."""
    end = _end(meter, local)
    if end <= local:
        return end
    year, month = divmod(12 * end.year + end.month - 2, _YEAR_MONTHS)
    return end.replace(year=year, month=month + 1)


def close(meter: Counter) -> None:
    """The meter's month has just ended."""
    meter.peak = meter.reverse_peak = None
    freezes = meter.profile.freezes
    if freezes is not None:
        local = last_end(meter, meter.clock.local(meter.settled_ms))
        frozen = Frozen(local, tuple(meter.rates_mwh), meter.divisor, meter.profile, tuple(meter.reverse_mwh))
        meter.frozen = (frozen, *meter.frozen)[: freezes.months]


def freeze_time(meter: Counter) -> bytes:
    """Hour and day at which a month ends."""
    written = meter.settings.get(Measurement.FREEZE_TIME)
    return written if isinstance(written, bytes) else FIRST_FREEZE_TIME


def _end(meter: Counter, local: datetime) -> datetime:
    hour, day = freeze_time(meter)
    return local.replace(day=day, hour=hour, minute=0, second=0, microsecond=0)
