"""Pure rules of control: what a mode asks of the meter, whether a reading shows it, when to ask again."""

from typing import Final

from prewatt_platform.field.messages import ForcedControl, PrepaidReading
from prewatt_platform.metering.models import ControlMode

FORCED_CONTROL: Final = {
    ControlMode.PREPAID: ForcedControl.OFF,
    ControlMode.KEEP_SUPPLY: ForcedControl.CLOSED,
    ControlMode.FORCED_OFF: ForcedControl.OPEN,
}
"""What each mode writes."""

ASK_AGAIN_S: Final = (10, 60, 300, 3600)
"""Waits after the first, second, … attempt without an answer; later ones come with every reading interval."""

RELAY_WRITES_MAX: Final = 5
"""A mode that is set but whose relay does not follow is written this often, then a person has to look."""


def ask_again_after_s(attempts: int, reading_interval_s: int) -> int:
    """Seconds until a meter that did not answer is asked again."""
    return ASK_AGAIN_S[attempts - 1] if 1 <= attempts <= len(ASK_AGAIN_S) else reading_interval_s


def observed_mode(forced_mode: bool | None, forced_closed: bool | None) -> ControlMode | None:
    """The mode that a meter's forced control amounts to; None when it has none."""
    if forced_mode is None:
        return None
    if not forced_mode:
        return ControlMode.PREPAID
    return ControlMode.KEEP_SUPPLY if forced_closed else ControlMode.FORCED_OFF


def mode_is_set(mode: ControlMode, read: PrepaidReading) -> bool:
    """Whether the meter's forced control is as the mode wants it."""
    return observed_mode(read.forced_mode, read.forced_closed) is mode


def relay_follows(mode: ControlMode, read: PrepaidReading) -> bool:
    """Whether the relay stands as the mode wants it. In PREPAID it may stand either way: the meter decides."""
    if mode is ControlMode.PREPAID:
        return True
    return read.relay_closed is (mode is ControlMode.KEEP_SUPPLY)
