"""Tables of grants: batches, their orders, and which month's allowance a point has."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class GrantKind(StrEnum):
    """Kind of a grant."""

    ALLOWANCE = "ALLOWANCE"
    """Free credit of one month; once for a point and month."""
    SUBSIDY = "SUBSIDY"


class GrantBatch(SQLModel, table=True):
    """One request for grants, with the rows that were refused."""

    __tablename__ = "grant_batches"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    kind: GrantKind = Field(sa_column=Column(Text, nullable=False))
    programme: str
    month: date | None = None
    reason: str
    operator_name: str
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    refused: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    """Of each refused row: its number, the error's type and its text."""


class Grant(SQLModel, table=True):
    """One row of a batch that became an order."""

    __tablename__ = "grants"

    project_id: int = Field(primary_key=True)
    command_id: UUID = Field(primary_key=True)
    batch_id: UUID
    row_number: int
    """0, 1, 2 … of the request's rows."""


class Allowance(SQLModel, table=True):
    """The order of a point's allowance of one month. A voided one may be replaced."""

    __tablename__ = "allowances"

    project_id: int = Field(primary_key=True)
    point_id: UUID = Field(primary_key=True)
    month: date = Field(primary_key=True)
    command_id: UUID
