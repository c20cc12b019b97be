"""The reason that a person gives for a decision about money."""

from typing import Final

from prewatt_platform.control.errors import ReasonMissing

REASON_LENGTH_MAX: Final = 500


def given_reason(reason: str) -> str:
    """The reason without surrounding spaces. Raises `ReasonMissing` when it is empty or too long."""
    given = reason.strip()
    if not given or len(given) > REASON_LENGTH_MAX:
        raise ReasonMissing(REASON_LENGTH_MAX)
    return given
