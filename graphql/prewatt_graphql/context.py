"""The context of a request or connection: operator, project, loaders, units of work.

The project header only chooses among the projects of a verified credential. A code that does not exist and one of
another operator's project both leave the request without a project, so the answer does not reveal which codes exist.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import strawberry

from prewatt_graphql.errors import Forbidden, ProjectRequired, Unauthenticated
from prewatt_graphql.loaders import Loaders
from prewatt_graphql.metrics import Metrics
from prewatt_platform.app import Platform
from prewatt_platform.kernel.tenancy import Scope, Work
from prewatt_platform.operators.models import Role
from prewatt_platform.operators.rules import ROLE_PERMISSIONS, Permission
from prewatt_platform.operators.service import SignedIn
from prewatt_platform.projects.models import Project


@dataclass(frozen=True, slots=True)
class Membership:
    """The project of a request with the operator's role in it."""

    project: Project
    role: Role
    scope: Scope

    @property
    def permissions(self) -> frozenset[Permission]:
        """Permissions of the role."""
        return ROLE_PERMISSIONS[self.role]


@dataclass
class Context:
    """The value of `info.context` in every resolver."""

    platform: Platform
    metrics: Metrics
    request_id: str
    cached: bool = True
    """Whether loaders keep what they loaded. False on a WebSocket, which lives long enough to serve outdated rows."""
    token: str | None = None
    operator: SignedIn | None = None
    chosen: Membership | None = None
    """The project that the request named, when its operator has a role there."""
    connection_params: Mapping[str, Any] | None = None
    """The payload of `connection_init`; strawberry puts it here."""
    _loaders: Loaders | None = field(default=None, repr=False)

    async def identify(self, authorization: str | None, project_code: str | None) -> None:
        """Set operator and project from the request's credential and project code; both stay None when not valid."""
        self.token = _bearer(authorization)
        if self.token is not None:
            self.operator = await self.platform.operators.authenticate(self.token)
        if self.operator is not None and project_code is not None:
            self.chosen = _membership(self.operator, project_code)

    async def is_valid(self) -> bool:
        """Whether the credential of an open connection is still valid for its project, by a fresh look at the database.

        This does not count as use of the session; otherwise an unattended terminal would never be signed out.
        """
        assert self.token is not None, "only a connection with a credential is open"
        self.operator = await self.platform.operators.authenticate(self.token, in_use=False)
        if self.operator is None:
            return False
        if self.chosen is not None:
            self.chosen = _membership(self.operator, self.chosen.project.code)
            return self.chosen is not None
        return True

    @property
    def expires_in_s(self) -> float:
        """Seconds until the session's latest end; negative when over."""
        return (self.signed_in.expires_at - self.platform.clock.now()).total_seconds()

    @property
    def signed_in(self) -> SignedIn:
        """The operator. Raises `Unauthenticated` without one."""
        if self.operator is None:
            raise Unauthenticated
        return self.operator

    @property
    def membership(self) -> Membership:
        """The project of the request. Raises `Unauthenticated`, `ProjectRequired`."""
        if self.chosen is None:
            _ = self.signed_in
            raise ProjectRequired
        return self.chosen

    def work(self) -> AbstractAsyncContextManager[Work]:
        """A new unit of work in the request's project. Resolvers run concurrently, so each opens its own."""
        return self.platform.database.project(self.membership.scope)

    @property
    def loaders(self) -> Loaders:
        """The loaders of this request, in its project."""
        if self._loaders is None:
            self._loaders = Loaders(self.platform.database, self.membership.scope, cached=self.cached)
        return self._loaders

    def require(self, permission: Permission) -> None:
        """Raise `Forbidden` unless the operator's role in the project has the permission."""
        if permission not in self.membership.permissions:
            raise Forbidden(permission)


Info = strawberry.Info[Context, None]
"""Type of a resolver's `info`."""


def _bearer(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _membership(operator: SignedIn, code: str) -> Membership | None:
    for project, role in operator.projects:
        if project.code == code:
            assert project.id is not None, "a project that was read has its id"
            return Membership(project, role, Scope(project.id, operator.actor))
    return None
