"""Who is asking, in which project, and through which loaders: built once per request or connection.

The project header only chooses among the projects of a verified credential. A code that does not exist and one that
belongs to others leave the request without a project, and look the same from outside.
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
    """The project of a request, and what its operator is there."""

    project: Project
    role: Role
    scope: Scope

    @property
    def permissions(self) -> frozenset[Permission]:
        """Permissions of the role."""
        return ROLE_PERMISSIONS[self.role]


@dataclass
class Context:
    """What every resolver is given."""

    platform: Platform
    metrics: Metrics
    request_id: str
    cached: bool = True
    """Whether loaders remember what they loaded. A connection lives too long for that."""
    token: str | None = None
    operator: SignedIn | None = None
    membership: Membership | None = None
    connection_params: Mapping[str, Any] | None = None
    """The payload of `connection_init`; strawberry puts it here."""
    _loaders: Loaders | None = field(default=None, repr=False)

    async def identify(self, authorization: str | None, project_code: str | None) -> None:
        """Learn from the database who the credential belongs to, and which project was chosen."""
        self.token = _bearer(authorization)
        if self.token is not None:
            self.operator = await self.platform.operators.authenticate(self.token)
        if self.operator is not None and project_code is not None:
            self.membership = _membership(self.operator, project_code)

    async def is_valid(self) -> bool:
        """Look again at the credential of an open connection: whether it is good, and for the same project.

        Looking does not count as use, or an unattended terminal would never be signed out.
        """
        assert self.token is not None, "only a connection with a credential is open"
        self.operator = await self.platform.operators.authenticate(self.token, in_use=False)
        if self.operator is None:
            return False
        if self.membership is not None:
            self.membership = _membership(self.operator, self.membership.project.code)
            return self.membership is not None
        return True

    @property
    def expires_in_s(self) -> float:
        """Seconds until the credential ends in any case."""
        return (self.signed_in.expires_at - self.platform.clock.now()).total_seconds()

    @property
    def signed_in(self) -> SignedIn:
        """The operator; `Unauthenticated` without one."""
        if self.operator is None:
            raise Unauthenticated
        return self.operator

    @property
    def here(self) -> Membership:
        """The project of the request; `Unauthenticated`, `ProjectRequired`."""
        if self.membership is None:
            _ = self.signed_in
            raise ProjectRequired
        return self.membership

    def work(self) -> AbstractAsyncContextManager[Work]:
        """A unit of work of its own, in the request's project: one for each resolver that needs one."""
        return self.platform.database.project(self.here.scope)

    @property
    def loaders(self) -> Loaders:
        """The loaders of this request, in its project."""
        if self._loaders is None:
            self._loaders = Loaders(self.platform.database, self.here.scope, cached=self.cached)
        return self._loaders

    def require(self, permission: Permission) -> None:
        """Raise `Forbidden` unless the operator's role in the project has the permission."""
        if permission not in self.here.permissions:
            raise Forbidden(permission)


Info = strawberry.Info[Context, None]
"""What resolvers take as `info`."""


def _bearer(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _membership(operator: SignedIn, code: str) -> Membership | None:
    for project, role in operator.projects:
        if project.code == code:
            assert project.id is not None, "a project that was read has its id"
            return Membership(project, role, Scope(project.id, operator.actor))
    return None
