"""Tables of the directory: operators, their memberships and sessions. They belong to no project."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Column, DateTime, Text
from sqlmodel import Field, SQLModel


class Role(StrEnum):
    """Built-in roles of a project."""

    VIEWER = "VIEWER"
    CASHIER = "CASHIER"
    FINANCE = "FINANCE"
    ENGINEER = "ENGINEER"
    ADMINISTRATOR = "ADMINISTRATOR"


class Operator(SQLModel, table=True):
    """A person of the property company who signs in."""

    __tablename__ = "operators"

    id: UUID = Field(primary_key=True)
    name: str = Field(unique=True)
    display_name: str
    password_hash: str
    disabled: bool = False
    failures: int = 0
    """Wrong passwords since the last right one."""
    failed_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Membership(SQLModel, table=True):
    """Role of an operator in a project."""

    __tablename__ = "memberships"

    project_id: int = Field(primary_key=True)
    operator_id: UUID = Field(primary_key=True)
    role: Role = Field(sa_column=Column(Text, nullable=False))


class Session(SQLModel, table=True):
    """A sign-in; the token itself is never stored."""

    __tablename__ = "sessions"

    token_hash: bytes = Field(primary_key=True)
    operator_id: UUID
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    used_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
