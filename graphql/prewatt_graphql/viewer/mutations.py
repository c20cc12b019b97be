"""Signing in and out."""

from datetime import datetime
from typing import Annotated

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.payloads import MutationPayload, mutation
from prewatt_graphql.projects.types import Project
from prewatt_graphql.viewer.types import Viewer


@strawberry.input(description="Name and password.")
class SignInInput:
    """What `signIn` takes."""

    name: str = strawberry.field(description="The operator's name.")
    password: str = strawberry.field(description="The operator's password.")


@strawberry.type(description="A new session, or why there is none.")
class SignInPayload(MutationPayload):
    """What `signIn` gives."""

    token: str | None = strawberry.field(
        default=None, description="Send it as `Authorization: Bearer <token>`. It is shown once."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="When it ends in any case; it ends earlier when it is not used."
    )
    viewer: Viewer | None = strawberry.field(default=None, description="Who signed in.")
    projects: list[Project] | None = strawberry.field(
        default=None, description="The projects to choose from."
    )


@strawberry.type(description="The end of a session.")
class SignOutPayload(MutationPayload):
    """What `signOut` gives."""


@strawberry.type
class ViewerMutations:
    """Root mutations on sessions."""

    @mutation(SignInPayload, "Begin a session. Needs no credential.")
    async def sign_in(
        self,
        info: Info,
        input: Annotated[SignInInput, strawberry.argument(description="Name and password.")],  # noqa: A002 - the API's own word
    ) -> SignInPayload:
        token, operator = await info.context.platform.operators.sign_in(input.name, input.password)
        info.context.operator = operator  # verified one line above: the payload may show what it owns
        return SignInPayload(
            token=token,
            expires_at=operator.expires_at,
            viewer=Viewer.of(operator),
            projects=[Project.of(project, role) for project, role in operator.projects],
        )

    @strawberry.mutation(description="End this session. Its token is good for nothing afterwards.")
    async def sign_out(self, info: Info) -> SignOutPayload:
        assert info.context.token is not None, "the permission needs a credential"
        await info.context.platform.operators.sign_out(info.context.token)
        return SignOutPayload()
