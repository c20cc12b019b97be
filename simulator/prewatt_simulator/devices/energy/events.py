"""Record of a meter's latest event: time and code (DTSD1352 manual V2.0, p. 34)."""

from datetime import datetime
from functools import lru_cache

_POWER_ON = 1


@lru_cache(16)
def power_on(local: datetime) -> bytes:
    """Power-on record: year, month, day, hour, minute, second, code, detail. Cached for meters that start together."""
    date = (local.year % 100, local.month, local.day)
    return bytes((*date, local.hour, local.minute, local.second, _POWER_ON, 0))
