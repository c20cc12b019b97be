"""Tables of customers, their accounts, the points an account owns, and sales."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Text
from sqlmodel import Field, SQLModel


class AccountState(StrEnum):
    """State of an account. A point without one is unopened."""

    OPENING = "OPENING"
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class Customer(SQLModel, table=True):
    """The shop, room or person who buys."""

    __tablename__ = "customers"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    name: str
    phone: str | None = None


class Account(SQLModel, table=True):
    """A customer's prepaid relation."""

    __tablename__ = "accounts"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    customer_id: UUID
    state: AccountState = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    opened_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))


class AccountPoint(SQLModel, table=True):
    """A point that an account owns, from when until when; at most one account owns a point at a time."""

    __tablename__ = "account_points"

    project_id: int = Field(primary_key=True)
    account_id: UUID = Field(primary_key=True)
    point_id: UUID = Field(primary_key=True)
    from_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    until_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))


class Sale(SQLModel, table=True):
    """Money for energy: one order, with the names and prices of its day, and the evidence that it arrived.

    Its state is its command's. `planned_count` and `total_before_fen` are committed before the frame leaves.
    """

    __tablename__ = "sales"

    project_id: int = Field(primary_key=True)
    command_id: UUID = Field(primary_key=True)
    receipt_number: str
    account_id: UUID
    point_id: UUID
    meter_id: UUID
    epoch: int
    amount_fen: int = Field(sa_column=Column(BigInteger, nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    planned_count: int | None = None
    total_before_fen: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    applied_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )
    evidence: bytes | None = None
    """The registers that proved it, as they came over the wire."""
    meter_number: str
    place: str
    customer_name: str
    operator_name: str
    prices_e4: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    multiplier: int


class ReceiptCounter(SQLModel, table=True):
    """How many receipts a project has issued; receipt numbers have no gaps."""

    __tablename__ = "receipt_counters"

    project_id: int = Field(primary_key=True)
    issued: int
