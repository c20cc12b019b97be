"""Verbs on operators and sessions: add an operator, sign in, authenticate, sign out.

A session is an opaque 256-bit token; the database keeps its SHA-256 only. It ends after `session_idle_s` without use,
after `session_absolute_s` at the latest, and when its operator is disabled.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from prewatt_platform.kernel.database import Database
from prewatt_platform.kernel.settings import Settings
from prewatt_platform.kernel.tenancy import Actor
from prewatt_platform.operators import rules
from prewatt_platform.operators.errors import (
    NameMissing,
    NameTaken,
    Throttled,
    WeakPassword,
    WrongCredentials,
)
from prewatt_platform.operators.models import Membership, Operator, Role, Session
from prewatt_platform.operators.passwords import Passwords
from prewatt_platform.operators.repository import OperatorRepository
from prewatt_platform.operators.unknown_name_throttle import UnknownName, UnknownNameThrottle
from prewatt_platform.projects.models import Project


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A verified credential: operator, latest end of the session, and projects with roles."""

    operator_id: UUID
    name: str
    display_name: str
    expires_at: datetime
    projects: tuple[tuple[Project, Role], ...]

    @property
    def actor(self) -> Actor:
        """The operator as the author of changes."""
        return Actor(self.operator_id, self.name)


class OperatorService:
    """Operators and sessions. Opens its own units of work: hashing takes 0.2 s and must not hold a transaction."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._passwords = Passwords()
        self._unknown_names = UnknownNameThrottle()
        self._idle = timedelta(seconds=settings.session_idle_s)
        self._absolute = timedelta(seconds=settings.session_absolute_s)

    async def add(
        self, name: str, password: str, display_name: str, roles: Sequence[tuple[Project, Role]]
    ) -> UUID:
        """Add an operator with a role in each project. Raises `NameMissing`, `WeakPassword`, `NameTaken`."""
        if not name.strip():
            raise NameMissing
        if len(password) < rules.PASSWORD_LENGTH_MIN:
            raise WeakPassword(rules.PASSWORD_LENGTH_MIN)
        password_hash = await self._passwords.hash(password)
        async with self._database.directory() as work:
            operators = OperatorRepository(work)
            operator = Operator(
                id=work.new_id(),
                name=name,
                display_name=display_name,
                password_hash=password_hash,
                created_at=work.clock.now(),
            )
            if not await operators.add_operator(operator):
                raise NameTaken(name)
            for project, role in roles:
                assert project.id is not None
                await operators.add(Membership(project_id=project.id, operator_id=operator.id, role=role))
        return operator.id

    async def sign_in(self, name: str, password: str) -> tuple[str, SignedIn]:
        """A new session's token and its operator. Raises `WrongCredentials`, `Throttled`."""
        # refused before hashing, so that a throttled name costs no CPU
        async with self._database.directory() as work:
            operator = await OperatorRepository(work).by_name(name)
            _refuse_throttled(operator or self._unknown_names.of(name), work.clock.now())
        right = await self._passwords.verify(
            operator.password_hash if operator is not None else None, password
        )
        async with self._database.directory() as work:
            operators = OperatorRepository(work)
            operator = await operators.by_name(name, for_update=True)
            # the time after the lock was had: waiting for it must not shorten a delay
            now = work.clock.now()
            # concurrent guesses wait for the row's lock and are checked again: each counts before the next is answered
            _refuse_throttled(operator or self._unknown_names.of(name), now)
            if operator is not None and right and not operator.disabled:
                operator.failures, operator.failed_at = 0, None
                return await self._open_session(operators, operator, now)
            if operator is None:
                self._unknown_names.failed(name, now)
            else:
                operator.failures, operator.failed_at = operator.failures + 1, now
        raise WrongCredentials

    async def _open_session(
        self, operators: OperatorRepository, operator: Operator, now: datetime
    ) -> tuple[str, SignedIn]:
        await operators.end_sessions_before(now - self._absolute, now - self._idle)
        token = secrets.token_urlsafe(32)
        await operators.add(
            Session(token_hash=_hash(token), operator_id=operator.id, created_at=now, used_at=now)
        )
        return token, await self._signed_in(operators, operator, now)

    async def authenticate(self, token: str, *, in_use: bool = True) -> SignedIn | None:
        """The operator of a token; None when the token is invalid or ended. `in_use` restarts its idle time."""
        token_hash = _hash(token)
        async with self._database.directory() as work:
            operators = OperatorRepository(work)
            found = await operators.session(token_hash)
            if found is None:
                return None
            session, operator = found
            now = work.clock.now()
            if (
                operator.disabled
                or now >= session.created_at + self._absolute
                or now >= session.used_at + self._idle
            ):
                await operators.end_session(token_hash)
                return None
            # at most 30 writes in an idle period, however many requests
            if in_use and now - session.used_at > self._idle / 30:
                await operators.touch(token_hash, now)
            return await self._signed_in(operators, operator, session.created_at)

    async def sign_out(self, token: str) -> None:
        """End the session of a token; an invalid token is no error."""
        async with self._database.directory() as work:
            await OperatorRepository(work).end_session(_hash(token))

    async def _signed_in(
        self, operators: OperatorRepository, operator: Operator, since: datetime
    ) -> SignedIn:
        return SignedIn(
            operator.id,
            operator.name,
            operator.display_name,
            since + self._absolute,
            tuple(await operators.projects_of(operator.id)),
        )


def _refuse_throttled(tried: Operator | UnknownName, now: datetime) -> None:
    until = rules.wait_until(tried.failures, tried.failed_at)
    if until is not None and now < until:
        raise Throttled(until)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
