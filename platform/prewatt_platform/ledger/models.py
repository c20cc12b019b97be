"""Tables of the ledger. Transfers and entries are append only; balances are a projection that a test folds again."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Text
from sqlmodel import Field, SQLModel


class AccountKind(StrEnum):
    """What a ledger account stands for; `owner` says whose it is."""

    TILL = "till"
    """Money taken, per operator."""
    PENDING = "pending"
    """Money reserved for one order."""
    DELIVERED = "delivered"
    """Credit handed to a meter, per metering point."""
    ADOPTED = "adopted"
    """The other side of credit that a meter held before we knew it."""


class TransferKind(StrEnum):
    """Why money moved."""

    SALE = "SALE"
    """Reserve: till to pending; apply: pending to delivered; void: back."""
    ADJUSTMENT = "ADJUSTMENT"


class LedgerAccount(SQLModel, table=True):
    """One account."""

    __tablename__ = "ledger_accounts"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    kind: AccountKind = Field(sa_column=Column(Text, nullable=False))
    owner: str


class Transfer(SQLModel, table=True):
    """One movement of money; its entries sum to zero (a deferred trigger says so too)."""

    __tablename__ = "transfers"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    kind: TransferKind = Field(sa_column=Column(Text, nullable=False))
    step: str
    """reserve, apply, void or adopt."""
    subject: UUID
    """The order or meter that it concerns; at most one transfer per step of a subject."""
    currency: str
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Entry(SQLModel, table=True):
    """One line of a transfer: positive increases the account."""

    __tablename__ = "entries"

    project_id: int = Field(primary_key=True)
    transfer_id: UUID = Field(primary_key=True)
    line: int = Field(primary_key=True)
    account_id: UUID
    amount_fen: int = Field(sa_column=Column(BigInteger, nullable=False))


class Balance(SQLModel, table=True):
    """The sum of an account's entries, kept with them."""

    __tablename__ = "balances"

    project_id: int = Field(primary_key=True)
    account_id: UUID = Field(primary_key=True)
    amount_fen: int = Field(sa_column=Column(BigInteger, nullable=False))
