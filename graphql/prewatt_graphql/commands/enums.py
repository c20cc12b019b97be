"""Kinds and states of commands."""

from enum import Enum

import strawberry


@strawberry.enum(description="Kind of a command.")
class CommandKind(Enum):
    """`control.models.CommandKind`."""

    REFRESH = strawberry.enum_value("REFRESH", description="Read the meter now.")
    ACCOUNT_OPEN = strawberry.enum_value(
        "ACCOUNT_OPEN", description="Switch prepayment on with a credit of zero."
    )
    SALE = strawberry.enum_value("SALE", description="Add the money of a sale to the meter's credit.")
    REFUND = strawberry.enum_value("REFUND", description="Take credit back from the meter and pay it out.")
    REVERSAL = strawberry.enum_value(
        "REVERSAL", description="Take the credit of one sale back from the meter."
    )
    GRANT = strawberry.enum_value("GRANT", description="Add granted credit to the meter's credit.")
    CONTROL_MODE = strawberry.enum_value(
        "CONTROL_MODE", description="Write the forced control registers for a control mode."
    )
    PRICES_SET = strawberry.enum_value(
        "PRICES_SET", description="Write the prices of the price plan in force, and read them back."
    )
    METER_EPOCH = strawberry.enum_value(
        "METER_EPOCH", description="A person confirmed the meter's registers; nothing is sent."
    )


@strawberry.enum(
    description="State of a command. A money order (sale, refund, reversal, grant) goes RESERVED, PLANNED, SENT, ECHOED, APPLIED; "
    "other kinds start as REQUESTED and end as SUCCEEDED. Only APPLIED means that the meter was read back with the order."
)
class CommandState(Enum):
    """`control.models.CommandState`."""

    REQUESTED = strawberry.enum_value(
        "REQUESTED", description="Accepted; nothing that changes the meter was sent."
    )
    RESERVED = strawberry.enum_value(
        "RESERVED", description="The money is reserved in the ledger; nothing was sent to the meter."
    )
    PLANNED = strawberry.enum_value(
        "PLANNED", description="The meter was read, and the frame to send is committed to the database."
    )
    SENT = strawberry.enum_value("SENT", description="The frame was sent; no reply yet.")
    ECHOED = strawberry.enum_value(
        "ECHOED", description="The meter replied. A reply is no proof; the meter is read back next."
    )
    UNKNOWN = strawberry.enum_value(
        "UNKNOWN",
        description="The frame was sent and the meter cannot be read back; it is read again at `nextAttemptAt`.",
    )
    FENCING = strawberry.enum_value(
        "FENCING",
        description="Cancelled after it may have been sent: the meter is made to use up the purchase count without money, "
        "and then shows whether the order becomes APPLIED or VOIDED.",
    )
    APPLIED = strawberry.enum_value(
        "APPLIED", description="Read back: purchase count and total purchased changed exactly once. Final."
    )
    VOIDED = strawberry.enum_value(
        "VOIDED",
        description="The meter did not carry it out and never will; the money was released in the ledger. Final.",
    )
    DISPUTED = strawberry.enum_value(
        "DISPUTED",
        description="The meter's registers contradict the order. The money stays reserved until a person decides. Final.",
    )
    SUCCEEDED = strawberry.enum_value("SUCCEEDED", description="Done and read back from the meter. Final.")
    FAILED = strawberry.enum_value("FAILED", description="Failed; `detail` gives the reason. Final.")
    SUPERSEDED = strawberry.enum_value(
        "SUPERSEDED", description="Replaced by a newer command before it was sent. Final."
    )
    EXPIRED = strawberry.enum_value("EXPIRED", description="Not sent within its time limit. Final.")
