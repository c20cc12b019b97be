"""Queries on commands and idempotency keys."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlmodel import col

from prewatt_platform.control.errors import CommandChanged
from prewatt_platform.control.models import (
    FINAL,
    MONEY_KINDS,
    Command,
    CommandKind,
    CommandState,
    IdempotencyKey,
    Proposal,
)
from prewatt_platform.kernel.backbone import notify
from prewatt_platform.kernel.tenancy import Repository

_LOCK_KEY = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


class CommandRepository(Repository):
    """Commands of one project."""

    async def add_command(self, command: Command) -> Command:
        """Insert a command and notify the dispatcher."""
        await self.add(command)
        await notify(self._work, "command", command.id)
        return command

    async def by_id(self, command_id: UUID) -> Command | None:
        """The command of that id."""
        return await self._one(self._scoped(Command).where(Command.id == command_id))

    async def by_ids(self, command_ids: Sequence[UUID]) -> list[Command]:
        """The commands of those ids that exist."""
        return await self._all(self._scoped(Command).where(col(Command.id).in_(command_ids)))

    async def due(self, now: datetime, limit: int, *, without: Sequence[UUID]) -> list[Command]:
        """Commands whose time has come, oldest first, but for those that are being carried out."""
        return await self._all(
            self._scoped(Command)
            .where(col(Command.due_at) <= now, col(Command.id).not_in(without))
            .order_by(col(Command.due_at))
            .limit(limit)
        )

    async def open_money_orders(self, meter_ids: Sequence[UUID]) -> dict[UUID, Command]:
        """The open money order of each of those meters that has one."""
        found = await self._all(
            self._scoped(Command).where(
                col(Command.meter_id).in_(meter_ids),
                col(Command.kind).in_(MONEY_KINDS),
                col(Command.due_at).is_not(None),
            )
        )
        return {command.meter_id: command for command in found}

    async def open_of_kind(self, meter_id: UUID, kind: CommandKind) -> list[Command]:
        """Open commands of one kind on one meter, oldest first."""
        return await self._all(
            self._scoped(Command)
            .where(Command.meter_id == meter_id, Command.kind == kind, col(Command.due_at).is_not(None))
            .order_by(col(Command.id))
        )

    async def open_on(self, meter_ids: Sequence[UUID]) -> list[Command]:
        """All open commands on those meters, oldest first."""
        return await self._all(
            self._scoped(Command)
            .where(col(Command.meter_id).in_(meter_ids), col(Command.due_at).is_not(None))
            .order_by(col(Command.id))
        )

    async def in_state(self, meter_id: UUID, state: CommandState) -> list[Command]:
        """Commands of a meter in one state, oldest first."""
        return await self._all(
            self._scoped(Command)
            .where(Command.meter_id == meter_id, Command.state == state)
            .order_by(col(Command.id))
        )

    async def make_due(self, command_ids: Sequence[UUID]) -> None:
        """Let open commands fall due now, because their meter was heard. Their state and version stay."""
        now = self._work.clock.now()
        moved = await self._session.execute(
            update(Command)
            .where(
                col(Command.project_id) == self._project_id,
                col(Command.id).in_(command_ids),
                col(Command.due_at) > now,
            )
            .values(due_at=now)
            .returning(col(Command.id))
            .execution_options(synchronize_session=False)
        )
        for command_id in moved.scalars():
            await notify(self._work, "command", command_id)

    async def move(
        self,
        command: Command,
        state: CommandState,
        *,
        due_at: datetime | None,
        detail: str | None = None,
        attempts: int | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> None:
        """Set a command's state. Raises `CommandChanged` if its version moved since it was read. Notifies listeners."""
        assert (state in FINAL) == (due_at is None), "an open command is due some time, a final one never"
        values = {
            "state": state,
            "version": command.version + 1,
            "detail": detail,
            "attempts": command.attempts if attempts is None else attempts,
            "payload": dict(command.payload if payload is None else payload),
            "due_at": due_at,
            "updated_at": self._work.clock.now(),
        }
        moved = await self._session.execute(
            update(Command)
            .where(
                col(Command.project_id) == self._project_id,
                col(Command.id) == command.id,
                col(Command.version) == command.version,
            )
            .values(**values)
            .returning(col(Command.id))
            .execution_options(synchronize_session=False)
        )
        if moved.scalar_one_or_none() is None:
            raise CommandChanged(command.id)
        for name, value in values.items():
            setattr(command, name, value)
        await notify(self._work, "command", command.id)


class IdempotencyRepository(Repository):
    """Idempotency keys of one project's operators."""

    async def find(self, actor_id: UUID, operation: str, key: UUID) -> IdempotencyKey | None:
        """The row of a key, after any concurrent request with the same key has ended."""
        await self._session.execute(_LOCK_KEY, {"key": f"{self._project_id}/{actor_id}/{operation}/{key}"})
        return await self._one(
            self._scoped(IdempotencyKey).where(
                IdempotencyKey.actor_id == actor_id,
                IdempotencyKey.operation == operation,
                IdempotencyKey.key == key,
            )
        )


class ProposalRepository(Repository):
    """Proposals of one project."""

    async def of_subject(self, operation: str, subject: UUID) -> Proposal | None:
        """The open proposal of an operation on a subject."""
        return await self._one(
            self._scoped(Proposal).where(
                Proposal.operation == operation,
                Proposal.subject == subject,
                col(Proposal.agreed_at).is_(None),
            )
        )

    async def since(self, earliest: datetime, limit: int) -> list[Proposal]:
        """Open proposals since an instant, oldest first."""
        return await self._all(
            self._scoped(Proposal)
            .where(col(Proposal.agreed_at).is_(None), col(Proposal.proposed_at) > earliest)
            .order_by(col(Proposal.proposed_at), col(Proposal.id))
            .limit(limit)
        )
