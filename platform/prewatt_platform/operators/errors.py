"""Errors of operators and sessions.

OperatorError
    WrongCredentials    unknown name, wrong password or disabled: not distinguished
    Throttled           too many wrong passwords; carries until when
    WeakPassword        shorter than allowed
    NameMissing         an operator has a name
    NameTaken           an operator of that name exists
    UnknownRole         no built-in role of that name; names the known ones
    NotAllowed          the operator's role lacks a permission; names it, never the object
"""

from datetime import datetime

from prewatt_platform.kernel.errors import PlatformError
from prewatt_platform.operators.models import Role


class OperatorError(PlatformError):
    """Base of the errors of operators."""


class WrongCredentials(OperatorError):
    """Name and password do not go together."""

    def __init__(self) -> None:
        super().__init__("name or password is wrong")


class Throttled(OperatorError):
    """Too many wrong passwords for that name."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(f"too many wrong passwords; try again after {until:%H:%M:%S} UTC")


class WeakPassword(OperatorError):
    """The password is shorter than allowed."""

    def __init__(self, length_min: int) -> None:
        super().__init__(f"a password has at least {length_min} characters")


class NameMissing(OperatorError):
    """An operator needs a name."""

    def __init__(self) -> None:
        super().__init__("the operator's name is missing")


class NameTaken(OperatorError):
    """An operator of that name exists."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"an operator named {name!r} exists")


class UnknownRole(OperatorError):
    """No built-in role of that name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"no role {name!r}; known: {', '.join(Role.__members__)}")


class NotAllowed(OperatorError):
    """The operator's role in this project lacks a permission."""

    def __init__(self, permission: str) -> None:
        self.permission = permission
        super().__init__(f"needs the permission {permission}")
