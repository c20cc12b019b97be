"""The audit trail: a hash chain of events for each project, written in the transaction of the change.

Each event's hash covers the hash before it and its own content, so an event that is changed, removed, inserted or
swapped breaks the chain at that place (`verify`). Someone who can write to the database could compute the whole chain
anew; comparing with a head that was exported to another system reveals that.

Events are collected in the unit of work and written by `seal` right before the commit. The head of the chain is the last
row that a transaction locks. Therefore events are in the order of commits, transactions cannot deadlock on the head, and
it is locked only for the duration of the commit.
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
"""The hash before a project's first event: 32 zero bytes."""

BATCH: Final = 2000
"""Events that `verify` reads with one query; bounds its memory."""


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
    """Sequence and hash of an event, as exported for a later `verify`."""

    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of `verify`: events read, head, and the first wrong event with the reason (None: the chain is intact)."""

    events: int
    head: Head
    wrong_sequence: int | None = None
    reason: str | None = None


def record(work: Work, action: str, subject: str, **detail: Any) -> None:
    """Add one event to the unit of work. `detail` is plain JSON without secrets; money in fen, energy in 0.01 kWh."""
    work.events.append((action, subject, detail))


async def seal(work: Work) -> None:
    """Append the unit of work's events to the chain. Call it right before the commit."""
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
        """Append events to the chain; locks its head until the commit."""
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
                # hash the form that the database returns: text for enumerations, lists for tuples
                detail=json.loads(json.dumps(detail)),
                hash=b"",
            )
            row.hash = chained(head.hash, row)
            head.sequence, head.hash = row.sequence, row.hash
            rows.append(row)
        await self.add_all(rows)

    async def head(self) -> Head:
        """Sequence and hash of the newest event; 0 and `START` without one."""
        found = await self._one(self._scoped(AuditHead))
        return Head(0, START) if found is None else Head(found.sequence, found.hash)

    async def verify(self, exported: Head | None = None) -> Verdict:
        """Recompute the whole chain and compare it with its head, and with a head that was exported earlier."""
        # read once: events that others commit meanwhile are behind this head and not looked at
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
        # of two first events at the same time one inserts; the other waits here for its commit, then locks that row
        await self._session.execute(
            insert(AuditHead)
            .values(project_id=self._project_id, sequence=0, hash=START)
            .on_conflict_do_nothing()
        )
        locked = await self._one(
            # populate_existing: the lock waits for another commit, and the session may hold the row from before it
            self._scoped(AuditHead).with_for_update().execution_options(populate_existing=True)
        )
        assert locked is not None
        return locked

    async def _events(self, last_sequence: int) -> AsyncIterator[AuditEvent]:
        """Yield events in order up to `last_sequence`."""
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
                # else the session keeps every event of the chain in memory
                self._session.expunge(event)
            if len(batch) < BATCH:
                return
            last = batch[-1].sequence
