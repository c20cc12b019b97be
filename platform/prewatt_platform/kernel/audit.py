"""The audit trail: who did what, in the same transaction as the change, as a hash chain per project.

Each event's hash covers the hash before it and its own content, so an event that is changed, removed, inserted or
swapped breaks the chain at that place (`verify`). Whoever can rewrite the whole chain can hide it; a head that was
exported to another place shows that too.

Events are collected in the unit of work and written by `seal` right before the commit. The chain's head is the last
row that a transaction locks: so events are in the order of commits, no two transactions wait for each other in a
circle, and the head is held only while the commit reaches the disk.
"""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Field, SQLModel, col

from prewatt_platform.kernel.tenancy import Repository, Work

START: Final = bytes(32)
"""What stands for the hash before a project's first event."""

BATCH: Final = 2000
"""Events that `verify` holds at once."""


class AuditEvent(SQLModel, table=True):
    """One change or refused attempt. Append only: the application role may insert and read."""

    __tablename__ = "audit_events"

    project_id: int = Field(primary_key=True)
    sequence: int = Field(sa_column=Column(BigInteger, primary_key=True))
    """1, 2, 3 … within the project, without a gap."""
    id: UUID
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    actor_id: UUID | None = None
    actor_name: str
    action: str
    subject: str
    detail: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    hash: bytes


class AuditHead(SQLModel, table=True):
    """The newest event of a project's chain; its row is the chain's lock."""

    __tablename__ = "audit_heads"

    project_id: int = Field(primary_key=True)
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """A place in the chain, as it is exported."""

    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: the number of events, the head, and the first event that is not as it was written."""

    events: int
    head: Head
    wrong_sequence: int | None = None
    reason: str | None = None


def record(work: Work, action: str, subject: str, **detail: Any) -> None:
    """Add one event to the unit of work. `detail` is plain JSON without secrets; money in fen, energy in 0.01 kWh."""
    work.events.append((action, subject, detail))


async def seal(work: Work) -> None:
    """Write the unit of work's events at the end of the chain."""
    if work.events:
        await AuditRepository(work).append(work.events)
        work.events.clear()


def chained(before: bytes, event: AuditEvent) -> bytes:
    """The hash of an event that follows `before`: SHA-256 over that hash and the event as canonical JSON."""
    content = {
        "project": event.project_id,
        "sequence": event.sequence,
        "id": str(event.id),
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": [None if event.actor_id is None else str(event.actor_id), event.actor_name],
        "action": event.action,
        "subject": event.subject,
        "detail": event.detail,
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(before + text.encode()).digest()


class AuditRepository(Repository):
    """The chain of one project."""

    async def append(self, events: list[tuple[str, str, dict[str, Any]]]) -> None:
        """Write events behind the newest one."""
        head = await self._locked_head()
        rows = []
        for action, subject, detail in events:
            row = AuditEvent(
                project_id=self._project_id,
                sequence=head.sequence + 1,
                id=self._work.new_id(),
                at=self._work.clock.now(),
                actor_id=self._work.scope.actor.id,
                actor_name=self._work.scope.actor.name,
                action=action,
                subject=subject,
                # as the database will give it back: text for enumerations, lists for tuples
                detail=json.loads(json.dumps(detail)),
                hash=b"",
            )
            row.hash = chained(head.hash, row)
            head.sequence, head.hash = row.sequence, row.hash
            rows.append(row)
        await self.add_all(rows)

    async def head(self) -> Head:
        """The newest place of the chain; sequence 0 when there is none."""
        found = await self._one(self._scoped(AuditHead))
        return Head(0, START) if found is None else Head(found.sequence, found.hash)

    async def verify(self, exported: Head | None = None) -> Verdict:
        """Compute the whole chain anew and compare it with its head and with a head that was exported earlier."""
        head = await self.head()
        count, before = 0, START
        async for event in self._events(head.sequence):
            count += 1
            if event.sequence != count:
                return Verdict(count, head, count, f"event {count} is missing")
            if chained(before, event) != event.hash:
                return Verdict(count, head, count, f"event {count} is not as it was written")
            before = event.hash
            if exported is not None and exported.sequence == count and exported.hash != before:
                return Verdict(count, head, count, f"event {count} is not the one that was exported")
        if Head(count, before) != head:
            return Verdict(
                count, head, count + 1, f"the chain ends at {count}, its head says {head.sequence}"
            )
        if exported is not None and exported.sequence > count:
            reason = f"the chain ends at {count}, the exported head is at {exported.sequence}"
            return Verdict(count, head, count + 1, reason)
        return Verdict(count, head)

    async def _locked_head(self) -> AuditHead:
        await self._session.execute(
            insert(AuditHead)
            .values(project_id=self._project_id, sequence=0, hash=START)
            .on_conflict_do_nothing()
        )
        locked = await self._one(
            self._scoped(AuditHead).with_for_update().execution_options(populate_existing=True)
        )
        assert locked is not None
        return locked

    async def _events(self, last_sequence: int) -> AsyncIterator[AuditEvent]:
        """Events up to a sequence, in order; later ones are left out."""
        last = 0
        while True:
            batch = await self._all(
                self._scoped(AuditEvent)
                .where(col(AuditEvent.sequence) > last, col(AuditEvent.sequence) <= last_sequence)
                .order_by(col(AuditEvent.sequence))
                .limit(BATCH)
                .execution_options(populate_existing=True)
            )
            for event in batch:
                yield event
                self._session.expunge(event)
            if len(batch) < BATCH:
                return
            last = batch[-1].sequence
