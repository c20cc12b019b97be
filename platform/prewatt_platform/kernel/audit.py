"""The audit trail: who did what, written in the same transaction as the change it tells of."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from prewatt_platform.kernel.tenancy import Work


class AuditEvent(SQLModel, table=True):
    """One change. Append only: the application role may insert and read, nobody updates or deletes."""

    __tablename__ = "audit_events"

    project_id: int = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    actor_id: UUID | None = None
    actor_name: str
    action: str
    subject: str
    detail: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


def record(work: Work, action: str, subject: str, **detail: Any) -> None:
    """Add one event to the unit of work. Never give it secrets; money is in fen, energy in 0.01 kWh."""
    actor = work.scope.actor
    work.session.add(
        AuditEvent(
            project_id=work.project_id,
            id=work.new_id(),
            at=work.clock.now(),
            actor_id=actor.id,
            actor_name=actor.name,
            action=action,
            subject=subject,
            detail=detail,
        )
    )
