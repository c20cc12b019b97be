"""Tables of charged fees."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Text
from sqlmodel import Field, SQLModel


class ChargeKind(StrEnum):
    """Kind of a charged fee; in small letters also the owner of its ledger account of fees."""

    PROPERTY = "PROPERTY"
    SHARE = "SHARE"
    """Share of public use or losses."""


class Basis(StrEnum):
    """What a share is in proportion to."""

    AREA = "AREA"
    """Weights of the rows, such as floor areas."""
    EQUAL = "EQUAL"
    USE = "USE"
    """Energy used in a period, by the meters' readings."""


class ChargeBatch(SQLModel, table=True):
    """Fees charged by one request, under one document."""

    __tablename__ = "charge_batches"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    number: int
    """1, 2, 3 … of the project."""
    document: str
    kind: ChargeKind = Field(sa_column=Column(Text, nullable=False))
    label: str
    basis: Basis | None = Field(default=None, sa_column=Column(Text, nullable=True))
    period_from: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )
    period_to: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))
    total_fen: int = Field(sa_column=Column(BigInteger, nullable=False))
    reason: str
    operator_name: str
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ChargeReversal(SQLModel, table=True):
    """The undoing of a whole batch; its accounts owe none of it any more."""

    __tablename__ = "charge_reversals"

    project_id: int = Field(primary_key=True)
    batch_id: UUID = Field(primary_key=True)
    reason: str
    operator_name: str
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Charge(SQLModel, table=True):
    """One row of a batch: what an account owes for a point. A share of 0 has no row."""

    __tablename__ = "charges"

    project_id: int = Field(primary_key=True)
    batch_id: UUID = Field(primary_key=True)
    row_number: int = Field(primary_key=True)
    account_id: UUID
    point_id: UUID
    place: str
    weight: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    amount_fen: int = Field(sa_column=Column(BigInteger, nullable=False))
