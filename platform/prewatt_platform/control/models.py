"""Tables of commands and of idempotency keys, which are never deleted."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class CommandKind(StrEnum):
    """Kind of a command."""

    REFRESH = "REFRESH"
    ACCOUNT_OPEN = "ACCOUNT_OPEN"
    SALE = "SALE"
    REFUND = "REFUND"
    REVERSAL = "REVERSAL"
    GRANT = "GRANT"
    CONTROL_MODE = "CONTROL_MODE"
    PRICES_SET = "PRICES_SET"
    METER_EPOCH = "METER_EPOCH"
    """A person's decision, recorded like a command; nothing is sent to the meter."""


class CommandState(StrEnum):
    """How far a command got."""

    REQUESTED = "REQUESTED"
    RESERVED = "RESERVED"
    PLANNED = "PLANNED"
    SENT = "SENT"
    ECHOED = "ECHOED"
    UNKNOWN = "UNKNOWN"
    FENCING = "FENCING"
    """Cancelled after it may have been sent: its purchase count is being used up without money."""
    APPLIED = "APPLIED"
    VOIDED = "VOIDED"
    DISPUTED = "DISPUTED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    SUPERSEDED = "SUPERSEDED"
    EXPIRED = "EXPIRED"


FINAL = frozenset(
    {
        CommandState.APPLIED,
        CommandState.VOIDED,
        CommandState.DISPUTED,
        CommandState.SUCCEEDED,
        CommandState.FAILED,
        CommandState.SUPERSEDED,
        CommandState.EXPIRED,
    }
)
"""States that no longer move by themselves. DISPUTED waits for a person."""

NOTHING_SENT = frozenset({CommandState.REQUESTED, CommandState.RESERVED})
"""States in which no frame that changes the meter has left."""

ORDER_KINDS = frozenset({CommandKind.SALE, CommandKind.REFUND, CommandKind.REVERSAL, CommandKind.GRANT})
"""Kinds with a money order."""

TOP_UP_KINDS = frozenset({CommandKind.SALE, CommandKind.GRANT})
"""Money orders that add credit to the meter, by a top-up frame."""

MONEY_KINDS = ORDER_KINDS | {CommandKind.ACCOUNT_OPEN}
"""Kinds of which at most one may be open on a meter."""


class Command(SQLModel, table=True):
    """One command to one meter. `version` rises with every change; a change names the version it was based on."""

    __tablename__ = "commands"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    meter_id: UUID
    kind: CommandKind = Field(sa_column=Column(Text, nullable=False))
    state: CommandState = Field(sa_column=Column(Text, nullable=False))
    version: int = 0
    detail: str | None = None
    attempts: int = 0
    payload: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    actor_id: UUID | None = None
    actor_name: str
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    due_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))
    """When the dispatcher should take it up next; None when it is final."""

    @property
    def final(self) -> bool:
        """Whether it no longer moves by itself."""
        return self.state in FINAL


class Proposal(SQLModel, table=True):
    """A decision that one person proposed and a second one has to agree to."""

    __tablename__ = "proposals"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    operation: str
    """The mutation that is proposed."""
    subject: UUID
    """The order or meter that it concerns."""
    input_hash: bytes
    summary: str
    actor_id: UUID
    actor_name: str
    proposed_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    agreed_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))
    """When it was carried out; None: open."""


class IdempotencyKey(SQLModel, table=True):
    """A client's key, the hash of what came with it, and the command or other row it made. Never deleted."""

    __tablename__ = "idempotency_keys"

    project_id: int = Field(primary_key=True)
    actor_id: UUID = Field(primary_key=True)
    operation: str = Field(primary_key=True)
    key: UUID = Field(primary_key=True)
    input_hash: bytes
    command_id: UUID | None = None
    row_id: UUID | None = None
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
