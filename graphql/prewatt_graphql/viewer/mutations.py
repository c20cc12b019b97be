"""Mutations on sessions: sign in, sign out."""

from datetime import datetime

import strawberry

from prewatt_graphql.context import Info
from prewatt_graphql.payloads import Input, MutationPayload, mutation
from prewatt_graphql.projects.types import Project
from prewatt_graphql.viewer.types import Viewer


@strawberry.input(description="An operator's name and password.")
class SignInInput:
    """Input of `signIn`."""

    name: str = strawberry.field(description="The operator's sign-in name.")
    password: str = strawberry.field(description="The operator's password.")


@strawberry.type(description="Result of `signIn`.")
class SignInPayload(MutationPayload):
    """Payload of `signIn`."""

    token: str | None = strawberry.field(
        default=None,
        description="Session token for `Authorization: Bearer <token>`. It is returned once and cannot be read again.",
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="Latest end of the session; it ends earlier when unused for the idle time."
    )
    viewer: Viewer | None = strawberry.field(default=None, description="The operator who signed in.")
    projects: list[Project] | None = strawberry.field(
        default=None, description="Projects that the operator may name in `X-Project`."
    )


@strawberry.type(description="Result of `signOut`.")
class SignOutPayload(MutationPayload):
    """Payload of `signOut`."""


@strawberry.type
class ViewerMutations:
    """Root mutations on sessions."""

    @mutation(SignInPayload, "Start a session. Needs no credential. Errors: WRONG_CREDENTIALS, THROTTLED.")
    async def sign_in(self, info: Info, input: Input[SignInInput]) -> SignInPayload:
        token, operator = await info.context.platform.operators.sign_in(input.name, input.password)
        info.context.operator = operator  # verified one line above: the payload may show what it owns
        return SignInPayload(
            token=token,
            expires_at=operator.expires_at,
            viewer=Viewer.of(operator),
            projects=[Project.of(project, role) for project, role in operator.projects],
        )

    @mutation(SignOutPayload, "End the session of this token; the token is invalid afterwards.")
    async def sign_out(self, info: Info) -> SignOutPayload:
        assert info.context.token is not None, "the permission needs a credential"
        await info.context.platform.operators.sign_out(info.context.token)
        return SignOutPayload()
