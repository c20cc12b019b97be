"""The kinds and states of commands, in the API's words."""

from enum import Enum

import strawberry


@strawberry.enum(description="What a command asks of a meter.")
class CommandKind(Enum):
    """Mirrors the platform's kinds."""

    REFRESH = strawberry.enum_value("REFRESH", description="Read it now.")
    ACCOUNT_OPEN = strawberry.enum_value("ACCOUNT_OPEN", description="Switch prepayment on, from zero.")
    SALE = strawberry.enum_value("SALE", description="Add purchased money.")
    CONTROL_MODE = strawberry.enum_value(
        "CONTROL_MODE", description="Set the forced control as the control mode wants it."
    )


@strawberry.enum(
    description="How far a command got. A money order goes REQUESTED, RESERVED, PLANNED, SENT, ECHOED, APPLIED; "
    "only APPLIED means that the meter was seen to hold the money."
)
class CommandState(Enum):
    """Mirrors the platform's states."""

    REQUESTED = strawberry.enum_value("REQUESTED", description="Asked for; nothing was sent.")
    RESERVED = strawberry.enum_value("RESERVED", description="The money is set aside; nothing was sent.")
    PLANNED = strawberry.enum_value(
        "PLANNED", description="The meter was read and what will be sent is committed."
    )
    SENT = strawberry.enum_value("SENT", description="Sent; no answer yet.")
    ECHOED = strawberry.enum_value("ECHOED", description="The meter answered; that proves nothing yet.")
    UNKNOWN = strawberry.enum_value(
        "UNKNOWN", description="Sent, and the meter cannot be read; it is asked again."
    )
    APPLIED = strawberry.enum_value(
        "APPLIED", description="Read back: count and total rose exactly once. Final."
    )
    VOIDED = strawberry.enum_value("VOIDED", description="Never reached the meter; the money is back. Final.")
    DISPUTED = strawberry.enum_value(
        "DISPUTED",
        description="The meter contradicts the order; a person decides, the money stays reserved. Final.",
    )
    SUCCEEDED = strawberry.enum_value("SUCCEEDED", description="Done and read back. Final.")
    FAILED = strawberry.enum_value("FAILED", description="Given up; `detail` says why. Final.")
    SUPERSEDED = strawberry.enum_value(
        "SUPERSEDED", description="A newer wish took its place before it was sent. Final."
    )
    EXPIRED = strawberry.enum_value("EXPIRED", description="Its time passed before it was sent. Final.")
