"""The record of a meter's latest event (DTSD1352 manual V2.0, p. 34): when, and which."""

from datetime import datetime
from functools import lru_cache

_POWER_ON = 1


@lru_cache(16)
def power_on(local: datetime) -> bytes:
    """Year, month, day, hour, minute, second, code, detail; the rest is reserved. A farm's meters share one."""
    date = (local.year % 100, local.month, local.day)
    return bytes((*date, local.hour, local.minute, local.second, _POWER_ON, 0))
