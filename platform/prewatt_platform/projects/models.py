"""Table of projects."""

from datetime import datetime

from sqlalchemy import Column, DateTime
from sqlmodel import Field, SQLModel


class Project(SQLModel, table=True):
    """One site. `id` is internal and never shown; people and the API use `code`."""

    __tablename__ = "projects"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    name: str
    timezone: str
    currency: str
    reading_interval_s: int = 1800
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
