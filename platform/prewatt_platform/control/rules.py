"""Pure rules of control: register values of a mode, whether a reading shows it, waits between attempts."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from prewatt_platform.field.messages import ForcedControl, PrepaidReading
from prewatt_platform.metering.models import ControlMode

FORCED_CONTROL: Final = {
    ControlMode.PREPAID: ForcedControl.OFF,
    ControlMode.KEEP_SUPPLY: ForcedControl.CLOSED,
    ControlMode.FORCED_OFF: ForcedControl.OPEN,
}
"""What each mode writes."""


class Obstacle(Enum):
    """Why an attempt brought no answer."""

    NOTHING_SENT = "nothing was sent"
    """The command changed nothing yet, so it can simply start anew."""
    LINK = "the link"
    """The gateway was not reached or the connection broke: it often comes back within seconds."""
    LOSS = "frames lost"
    """The meter answered part of the attempt: it can be reached, and the rest was lost."""
    METER = "the meter"
    """The link works and the meter is silent, or does not show the change yet."""


ASK_AGAIN_S: Final[Mapping[Obstacle, tuple[tuple[int, int], ...]]] = {
    Obstacle.NOTHING_SENT: ((1, 2), (0, 5)),
    Obstacle.LINK: ((1, 2), (720, 5), (0, 60)),
    Obstacle.LOSS: ((450, 2), (0, 60)),
    Obstacle.METER: ((720, 5), (120, 60), (0, 300)),
}
"""Waits between attempts as (attempts, seconds), one stretch after the other; 0 attempts: for ever.

An order ends within 30 s of the moment at which its meter can be reached again, also when 30 % of the frames are lost.
So a silent meter is probed every 5 s for an hour, which costs at most a fourth of its bus; then every minute for two
hours, then every five minutes. A meter that is heard in between makes its commands due at once
(`CommandRepository.make_due`).
"""

RELAY_WRITES_MAX: Final = 5
"""A mode that is set but whose relay does not follow is written this often, then a person has to look."""


def ask_again_after_s(obstacle: Obstacle, attempts: int) -> int:
    """Seconds to wait after the nth attempt without an answer; n from 1."""
    for stretch, wait_s in ASK_AGAIN_S[obstacle]:
        if attempts <= stretch or not stretch:
            return wait_s
        attempts -= stretch
    raise AssertionError("the last stretch is open-ended")


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
