"""Bounds of what callers set in a farm. Python views, the control API and site files use the same ones."""

from typing import Final

from prewatt_fixtures.site.rows import LOAD_PER_DAY_MAX
from prewatt_simulator.errors import SettingRefused

TEMPERATURE_DECICELSIUS: Final = (-1000, 2000)
HUMIDITY_PERMILLE: Final = (0, 1000)


__all__ = [
    "HUMIDITY_PERMILLE",
    "LOAD_PER_DAY_MAX",
    "TEMPERATURE_DECICELSIUS",
    "one_of",
    "truth",
    "whole_number",
]


def whole_number(key: str, value: object, least: int, most: int) -> int:
    """`value` when it is an int from `least` to `most`. Raises `SettingRefused`, also for a bool, float or text."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise SettingRefused(key, f"a whole number from {least} to {most}", value)
    return value


def one_of(key: str, value: object, known: tuple[str, ...]) -> None:
    """Raise `SettingRefused` unless `value` is one of `known`."""
    if value not in known:
        raise SettingRefused(key, f"one of {', '.join(known)}", value)


def truth(key: str, value: object) -> bool:
    """`value` when it is a bool. Raises `SettingRefused`."""
    if not isinstance(value, bool):
        raise SettingRefused(key, "true or false", value)
    return value
