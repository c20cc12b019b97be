"""Tables of the ledger. Transfers and entries are append only; a kept balance equals the sum of its entries.

The database enforces (migration 0001): entries of a transfer sum to zero per funding; an entry continues
its account's sequence and running balance; kinds in `rules.NEVER_NEGATIVE` stay at zero or above; an order is reserved
once and ends once; a transfer is reversed once.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Text
from sqlmodel import Field, SQLModel

from prewatt_platform.ledger.rules import AccountKind, Funding


class TransferKind(StrEnum):
    """Reason for a movement of money."""

    SALE = "SALE"
    SERVICE_FEE = "SERVICE_FEE"
    GRANT = "GRANT"
    REFUND = "REFUND"
    REVERSAL = "REVERSAL"
    TRANSFER_OUT = "TRANSFER_OUT"
    TRANSFER_IN = "TRANSFER_IN"
    CONSUMPTION = "CONSUMPTION"
    ADJUSTMENT = "ADJUSTMENT"
    CLOSING = "CLOSING"
    HANDOVER = "HANDOVER"


class Step(StrEnum):
    """Which part of an order a transfer is; POST is a movement that needs no order."""

    RESERVE = "reserve"
    APPLY = "apply"
    VOID = "void"
    POST = "post"


class LedgerAccount(SQLModel, table=True):
    """One account of the ledger."""

    __tablename__ = "ledger_accounts"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    kind: AccountKind = Field(sa_column=Column(Text, nullable=False))
    owner: str
    funding: Funding = Field(sa_column=Column(Text, nullable=False))


class Transfer(SQLModel, table=True):
    """One movement of money."""

    __tablename__ = "transfers"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    kind: TransferKind = Field(sa_column=Column(Text, nullable=False))
    step: Step = Field(sa_column=Column(Text, nullable=False))
    subject: UUID
    """The order, meter, meter change or batch that it belongs to."""
    currency: str
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    actor_name: str
    document: str | None = None
    """Number of the receipt or voucher, where there is one."""
    reason: str | None = None
    reverses: UUID | None = None
    """The transfer that this one reverses in full."""


class Entry(SQLModel, table=True):
    """One line of a transfer, with its account's running balance after it."""

    __tablename__ = "entries"

    project_id: int = Field(primary_key=True)
    transfer_id: UUID = Field(primary_key=True)
    line: int = Field(primary_key=True)
    account_id: UUID
    amount_fen: int = Field(sa_column=Column(BigInteger, nullable=False))
    sequence: int
    """1, 2, 3 … within the account."""
    balance_after_fen: int = Field(sa_column=Column(BigInteger, nullable=False))


class Balance(SQLModel, table=True):
    """The sum of an account's entries, kept with them; its row is the account's lock."""

    __tablename__ = "balances"

    project_id: int = Field(primary_key=True)
    account_id: UUID = Field(primary_key=True)
    amount_fen: int = Field(sa_column=Column(BigInteger, nullable=False))
    sequence: int
    floor_fen: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """Least amount that the database allows; None: any."""
