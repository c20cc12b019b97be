"""Client of the platform's API: the interface that the screens use, and its GraphQL implementation.

`ApiClient` and `ProjectApi` are all that the screens know of the platform. A `ProjectApi` is bound to one session and one
project for good, so that nothing can be sent to another project by mistake. No call is ever repeated from here: sending
an intent again is the operator's decision.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Protocol

from prewatt_tui.errors import Declined, NotThePlatform, Reason, SecondPersonNeeded
from prewatt_tui.language import tr
from prewatt_tui.models.command import Command
from prewatt_tui.models.meter import MeterDetail, Page
from prewatt_tui.models.order import Orders
from prewatt_tui.models.reading import Reading
from prewatt_tui.models.session import Project, SignedIn
from prewatt_tui.models.values import Json
from prewatt_tui.requests import ActionRequest
from prewatt_tui.transport import Credential, Transport

PAGE_SIZE = 100
"""As many meters as the platform gives at once."""

FOLLOWED_AT_MOST = 250
"""As many meters as one subscription may name."""


class ProjectApi(Protocol):
    """Requests of an operator in one project. Every method may raise a TerminalError."""

    async def project(self) -> Project: ...

    async def meters(self, filter: Json, after: str | None) -> Page:  # noqa: A002 - the API's own word
        """A page of the meters that pass `filter`, by number."""
        ...

    async def meter(self, number: str) -> MeterDetail: ...

    async def orders(self, number: str, first: int) -> Orders:
        """The newest money orders of a meter, and its reconciliation."""
        ...

    async def refresh(self, number: str) -> Command:
        """Have the meter read now."""
        ...

    async def send(self, request: ActionRequest) -> Command:
        """Have the intent carried out; the same intent again gives the same command."""
        ...

    async def command(self, command_id: str) -> Command: ...

    def command_progress(self, command_id: str) -> AsyncGenerator[Command, None]: ...

    def readings(self, numbers: Sequence[str]) -> AsyncGenerator[tuple[str, Reading], None]:
        """Each reading that comes in for one of at most 250 meters, with the meter's number."""
        ...


class ApiClient(Protocol):
    """The way in to a platform."""

    async def sign_in(self, name: str, password: str) -> SignedIn: ...

    async def sign_out(self, session: SignedIn) -> None: ...

    def enter(self, session: SignedIn, project: Project) -> ProjectApi: ...

    async def close(self) -> None: ...


class GraphQLClient:
    """A platform behind a transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def sign_in(self, name: str, password: str) -> SignedIn:
        variables = {"input": {"name": name, "password": password}}
        payload = _accepted((await self._transport.ask("SignIn", variables))["signIn"])
        return SignedIn.of(payload)

    async def sign_out(self, session: SignedIn) -> None:
        _accepted((await self._transport.ask("SignOut", {}, Credential(session.token)))["signOut"])

    def enter(self, session: SignedIn, project: Project) -> ProjectApi:
        return GraphQLProject(self._transport, Credential(session.token, project.code))

    async def close(self) -> None:
        await self._transport.close()


class GraphQLProject:
    """One project of the platform, for one session."""

    def __init__(self, transport: Transport, credential: Credential) -> None:
        self._transport = transport
        self._credential = credential

    async def project(self) -> Project:
        return Project.of(self._there((await self._ask("CurrentProject", {}))["project"]))

    async def meters(self, filter: Json, after: str | None) -> Page:  # noqa: A002 - the API's own word
        data = await self._ask("Meters", {"filter": filter, "first": PAGE_SIZE, "after": after})
        return Page.of(self._there(data["meters"]))

    async def meter(self, number: str) -> MeterDetail:
        data = await self._ask("OneMeter", {"number": number})
        if data["meter"] is None:
            raise Declined(
                (
                    Reason(
                        "NOT_FOUND",
                        tr("there is no meter {number} in this project", number=number),
                        ("number",),
                    ),
                )
            )
        return MeterDetail.of(data["meter"])

    async def orders(self, number: str, first: int) -> Orders:
        data = await self._ask("MeterOrders", {"number": number, "first": first})
        self._there(data["sales"])
        self._there(data["reconciliation"])
        return Orders.of(data)

    async def refresh(self, number: str) -> Command:
        return await self._mutate("MeterRefresh", "meterRefresh", {"meterNumber": number})

    async def send(self, request: ActionRequest) -> Command:
        return await self._mutate(request.operation, request.field, request.input())

    async def command(self, command_id: str) -> Command:
        return Command.of(self._there((await self._ask("OneCommand", {"id": command_id}))["command"]))

    async def command_progress(self, command_id: str) -> AsyncGenerator[Command, None]:
        async with aclosing(self._listen("CommandProgress", {"id": command_id})) as events:
            async for data in events:
                yield Command.of(data["commandProgress"])

    async def readings(self, numbers: Sequence[str]) -> AsyncGenerator[tuple[str, Reading], None]:
        assert len(numbers) <= FOLLOWED_AT_MOST
        async with aclosing(self._listen("ReadingsAdded", {"meters": list(numbers)})) as events:
            async for data in events:
                added = data["readingAdded"]
                yield added["meterNumber"], Reading.of(added["reading"])

    async def _mutate(self, operation: str, field: str, input: Json) -> Command:  # noqa: A002 - the API's own word
        payload = _accepted((await self._ask(operation, {"input": input}))[field])
        if payload.get("proposed"):
            raise SecondPersonNeeded
        return Command.of(self._there(payload["command"]))

    async def _ask(self, name: str, variables: Json) -> Json:
        return await self._transport.ask(name, variables, self._credential)

    def _listen(self, name: str, variables: Json) -> AsyncGenerator[Json, None]:
        return self._transport.listen(name, variables, self._credential)

    def _there(self, value: Json | None) -> Json:
        if value is None:
            raise NotThePlatform(self._transport.url, tr("an answer lacks what was asked for"))
        return value


def _accepted(payload: Json) -> Json:
    """The payload of a mutation that the platform accepted; Declined otherwise."""
    if payload["errors"]:
        raise Declined(
            tuple(
                Reason(error["code"], error["message"], tuple(error["path"] or ()))
                for error in payload["errors"]
            )
        )
    return payload
