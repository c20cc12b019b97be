"""Tables of price plans, their versions and where they are in force; types of calendar days.

Plans, versions and assignments are inserted and never changed: what was charged by them stays provable.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, Date, DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from prewatt_platform.tariffs.terms import DayType, Medium, Terms


class PricePlan(SQLModel, table=True):
    """A price plan of a project."""

    __tablename__ = "price_plans"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    name: str
    medium: Medium = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    actor_name: str


class PricePlanVersion(SQLModel, table=True):
    """What a plan says from `valid_from` until its next version."""

    __tablename__ = "price_plan_versions"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    plan_id: UUID
    number: int
    """1, 2, 3 … of its plan."""
    valid_from: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    terms: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    actor_name: str

    @property
    def checked(self) -> Terms:
        """The terms."""
        return Terms.from_json(self.terms)


class Target(StrEnum):
    """Where a plan is assigned; the closest wins: a point's over its area's over the project's."""

    PROJECT = "PROJECT"
    AREA = "AREA"
    POINT = "POINT"


class PricePlanAssignment(SQLModel, table=True):
    """A plan in force at a target from `from_at` until the target's next assignment; without a plan, none of its own."""

    __tablename__ = "price_plan_assignments"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    medium: Medium = Field(sa_column=Column(Text, nullable=False))
    target: Target = Field(sa_column=Column(Text, nullable=False))
    area: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    """First elements of the points' area path; empty for the other targets."""
    point_id: UUID | None = None
    plan_id: UUID | None = None
    from_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    actor_name: str


class CalendarDay(SQLModel, table=True):
    """A day whose type is not that of its weekday: a holiday, a make-up workday, a rest day of the site."""

    __tablename__ = "calendar_days"

    project_id: int = Field(primary_key=True)
    day: date = Field(sa_column=Column(Date, primary_key=True))
    day_type: DayType = Field(sa_column=Column(Text, nullable=False))
    name: str
