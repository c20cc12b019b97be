"""The record of a meter's latest event (DTSD1352 manual V2.0, p. 34): when, and which."""

from datetime import datetime

_POWER_ON = 1


def power_on(local: datetime) -> bytes:
    """Year, month, day, hour, minute, second, code, detail; the rest is reserved."""
    date = (local.year - 2000, local.month, local.day)
    return bytes((*date, local.hour, local.minute, local.second, _POWER_ON, 0))
