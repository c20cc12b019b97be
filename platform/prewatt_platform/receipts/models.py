"""Table of printed receipts."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Column, DateTime, Text
from sqlmodel import Field, SQLModel


class Form(StrEnum):
    """Form of a printed receipt. The number is the columns of a thermal printer."""

    TEXT_32 = "TEXT_32"
    TEXT_48 = "TEXT_48"
    PDF = "PDF"


class Language(StrEnum):
    """Language of a printed receipt."""

    CHINESE = "CHINESE"
    ENGLISH = "ENGLISH"


class ReceiptPrint(SQLModel, table=True):
    """One print of a receipt. Copy 1 is the original; every later one is marked as a reprint."""

    __tablename__ = "receipt_prints"

    project_id: int = Field(primary_key=True)
    receipt_number: str = Field(primary_key=True)
    copy_number: int = Field(primary_key=True)
    """1, 2, 3 … of the receipt."""
    id: UUID
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    operator_name: str
    form: Form = Field(sa_column=Column(Text, nullable=False))
    language: Language = Field(sa_column=Column(Text, nullable=False))
