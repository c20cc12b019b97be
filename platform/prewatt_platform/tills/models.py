"""Tables of till closings and day closings. Append only, except that a day's closing marks the tills' closings as its own."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Date, DateTime
from sqlmodel import Field, SQLModel


class TillClosing(SQLModel, table=True):
    """The end of one operator's shift: what the till should hold, and what was counted. Amounts in fen."""

    __tablename__ = "till_closings"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    number: int
    """1, 2, 3 … within the project."""
    operator_id: UUID
    operator_name: str
    opened_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))
    """The operator's closing before this one; None: the first."""
    closed_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    taken_fen: int = Field(sa_column=Column(BigInteger, nullable=False))
    """Paid by customers, fees included, less orders that were voided."""
    refunded_fen: int = Field(sa_column=Column(BigInteger, nullable=False))
    reversed_fen: int = Field(sa_column=Column(BigInteger, nullable=False))
    counted_fen: int = Field(sa_column=Column(BigInteger, nullable=False))
    reason: str | None = None
    until_sequence: int
    """The till's last entry in the ledger that belongs to this shift."""
    day: date | None = Field(default=None, sa_column=Column(Date, nullable=True))
    """The day's closing that it belongs to; None: not yet."""

    @property
    def expected_fen(self) -> int:
        """What the till should hold."""
        return self.taken_fen - self.refunded_fen - self.reversed_fen


class DayClosing(SQLModel, table=True):
    """The end of a business day."""

    __tablename__ = "day_closings"

    project_id: int = Field(primary_key=True)
    day: date = Field(sa_column=Column(Date, primary_key=True))
    id: UUID
    closed_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    operator_id: UUID
    operator_name: str
    audit_sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    """Newest event of the audit chain at the closing; 0 without one."""
    audit_hash: bytes
    """Its hash. Printed with the closing it shows later whether the chain was rewritten."""
