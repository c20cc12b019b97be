"""Queries on operators, memberships and sessions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from prewatt_platform.kernel.tenancy import Work
from prewatt_platform.operators.models import Membership, Operator, Role, Session
from prewatt_platform.projects.models import Project


class OperatorRepository:
    """Operators, memberships and sessions; takes a directory's unit of work."""

    def __init__(self, work: Work) -> None:
        self._session = work.session

    async def by_name(self, name: str, *, for_update: bool = False) -> Operator | None:
        """The operator of that name; `for_update` locks it until the end of the transaction."""
        statement = select(Operator).where(Operator.name == name)
        if for_update:
            statement = statement.with_for_update()
        return (await self._session.execute(statement)).scalar_one_or_none()

    async def add_operator(self, operator: Operator) -> bool:
        """Insert an operator. Returns False when the name is taken."""
        # a savepoint: a failed INSERT would otherwise abort the whole transaction
        try:
            async with self._session.begin_nested():
                self._session.add(operator)
        except IntegrityError:
            return False
        return True

    async def add(self, row: Membership | Session) -> None:
        """Insert a row."""
        self._session.add(row)
        await self._session.flush()

    async def session(self, token_hash: bytes) -> tuple[Session, Operator] | None:
        """A session and its operator."""
        found = await self._session.execute(
            select(Session, Operator)
            .join(Operator, col(Operator.id) == Session.operator_id)
            .where(Session.token_hash == token_hash)
        )
        row = found.one_or_none()
        return None if row is None else (row[0], row[1])

    async def touch(self, token_hash: bytes, at: datetime) -> None:
        """Set when a session was last used."""
        await self._session.execute(
            update(Session).where(col(Session.token_hash) == token_hash).values(used_at=at)
        )

    async def end_session(self, token_hash: bytes) -> None:
        """Delete a session."""
        await self._session.execute(delete(Session).where(col(Session.token_hash) == token_hash))

    async def end_sessions_before(self, created: datetime, used: datetime) -> None:
        """Delete sessions created before `created` or last used before `used`."""
        await self._session.execute(
            delete(Session).where((col(Session.created_at) < created) | (col(Session.used_at) < used))
        )

    async def projects_of(self, operator_id: UUID) -> list[tuple[Project, Role]]:
        """Projects in which an operator has a role, by code, with the role."""
        rows = await self._session.execute(
            select(Project, Membership.role)
            .join(Membership, col(Membership.project_id) == Project.id)
            .where(Membership.operator_id == operator_id)
            .order_by(col(Project.code))
        )
        return [(project, Role(role)) for project, role in rows]

    async def membership(self, project_id: int, operator_id: UUID) -> Membership | None:
        """Membership of an operator in a project; None without one."""
        return await self._session.get(Membership, (project_id, operator_id))
