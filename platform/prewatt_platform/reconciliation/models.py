"""Table of nightly verifications. Rows are inserted and never changed."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Date, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Verification(SQLModel, table=True):
    """What a project's verification of one day found."""

    __tablename__ = "verifications"

    project_id: int = Field(primary_key=True)
    day: date = Field(sa_column=Column(Date, primary_key=True))
    """Day of the project's zone on which it ran; one a day."""
    id: UUID
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    findings: int
    """Over all checks; 0: clean."""
    outcomes: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    """`service.Outcome` of each check as a JSON object."""
