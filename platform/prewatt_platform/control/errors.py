"""Errors of commands.

ControlError
    IdempotencyMismatch     the key came before with another body
    NotPrepaid              the meter has no relay and no credit
    ReasonMissing           a decision needs a reason
    CommandChanged          somebody else moved the command meanwhile; nothing was written
"""

from uuid import UUID

from prewatt_platform.kernel.errors import PlatformError


class ControlError(PlatformError):
    """Base of the errors of commands."""


class IdempotencyMismatch(ControlError):
    """The same idempotency key came before with other content."""

    def __init__(self, key: UUID) -> None:
        self.key = key
        super().__init__(f"idempotency key {key} was used for another request")


class NotPrepaid(ControlError):
    """The meter has neither relay nor credit to command."""

    def __init__(self, number: str, model: str) -> None:
        self.number = number
        self.model = model
        super().__init__(f"meter {number} ({model}) is no prepaid meter")


class CommandChanged(ControlError):
    """The command is not as it was when it was taken up."""

    def __init__(self, command_id: UUID) -> None:
        self.command_id = command_id
        super().__init__(f"command {command_id} was changed by somebody else")


class ReasonMissing(ControlError):
    """A decision of a person is kept with its reason."""

    def __init__(self, length_max: int) -> None:
        super().__init__(f"a reason is needed, of at most {length_max} characters")
