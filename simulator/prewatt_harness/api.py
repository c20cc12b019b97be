"""GraphQL client of the demo: signed in, in one project.

Owns requests and their errors; the operations are in `documents`, their use in `reading` and `demo_script`.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, Self
from uuid import uuid4

import httpx

from prewatt_harness import documents
from prewatt_harness.errors import ApiRefused, ApiUnreachable, CheckFailed

Json = dict[str, Any]

ANSWER_S_MAX: Final = 15.0
COMMAND_S_MAX: Final = 45.0
"""Longer than the platform takes to ask a silent meter again the first two times."""

_LOOK_AGAIN_S: Final = 0.05


class Api:
    """One operator's session in one project."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    @classmethod
    @asynccontextmanager
    async def signed_in(cls, url: str, name: str, password: str, project: str) -> AsyncIterator[Self]:
        """Sign in at the platform at `url`; `ApiRefused`, `ApiUnreachable`."""
        # no proxy of the environment stands between this machine and itself
        async with httpx.AsyncClient(base_url=url, timeout=ANSWER_S_MAX, trust_env=False) as http:
            api = cls(http)
            answer = await api._mutate(documents.SIGN_IN, "signIn", {"name": name, "password": password})
            http.headers.update({"Authorization": f"Bearer {answer['token']}", "X-Project": project})
            yield api

    async def meters(self, document: str) -> list[Json]:
        """All meters of the project, page by page of a hundred, with what the document asks of each."""
        found: list[Json] = []
        after: str | None = None
        while True:
            page = (await self._ask(document, "meters", {"after": after}))["meters"]
            found.extend(edge["node"] for edge in page["edges"])
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    async def control(self, meter_number: str) -> Json:
        """Wanted and observed control mode of the meter, and its relay."""
        meter: Json = (await self._ask(documents.CONTROL, "meter", {"number": meter_number}))["meter"]
        return meter

    async def refresh(self, meter_number: str) -> Json:
        """Read the meter now; the finished command."""
        return await self._command(documents.REFRESH, "meterRefresh", {"meterNumber": meter_number})

    async def open_account(self, meter_number: str, customer: str) -> None:
        """Open an account on the meter and see it done."""
        given = {**_fresh_key(), "meterNumber": meter_number, "customerName": customer}
        await self._done(documents.OPEN_ACCOUNT, "accountOpen", given, "SUCCEEDED")

    async def sell(self, meter_number: str, amount: str) -> Json:
        """Sell credit and follow the sale until the meter has it; the finished command."""
        given = {**_fresh_key(), "meterNumber": meter_number, "amount": amount}
        return await self._done(documents.SELL, "saleCreate", given, "APPLIED")

    async def refund(self, meter_number: str, amount: str) -> Json:
        """Take unused credit back and follow it until the meter gave it; the finished command."""
        given = {**_fresh_key(), "meterNumber": meter_number, "amount": amount, "reason": "demo"}
        return await self._done(documents.REFUND, "refundCreate", given, "APPLIED")

    async def statement(self, meter_number: str, since: datetime, until: datetime) -> Json:
        """Statement of the account that owns the meter's point."""
        held = await self._ask(documents.STATEMENT_ACCOUNT, "meter", {"number": meter_number})
        span = {"from": since.isoformat(), "to": until.isoformat()}
        given = {"account": held["meter"]["account"]["id"], **span}
        found: Json = (await self._ask(documents.STATEMENT, "statement", given))["statement"]
        return found

    async def set_control_mode(self, meter_number: str, mode: str) -> None:
        """Set the control mode and see it verified."""
        given = {**_fresh_key(), "meterNumber": meter_number, "mode": mode, "reason": "demo"}
        await self._done(documents.SET_CONTROL_MODE, "controlModeSet", given, "SUCCEEDED")

    async def _done(self, document: str, operation: str, given: Mapping[str, object], end: str) -> Json:
        command = await self._command(document, operation, given)
        if command["state"] != end:
            said = f"{command['state']}: {command['detail'] or 'no reason given'}"
            raise CheckFailed(operation, end, said)
        return command

    async def _command(self, document: str, operation: str, given: Mapping[str, object]) -> Json:
        """Send a command and wait for its final state; the last state seen after `COMMAND_S_MAX`."""
        command: Json = (await self._mutate(document, operation, given))["command"]
        deadline = asyncio.get_running_loop().time() + COMMAND_S_MAX
        while True:
            command = (await self._ask(documents.COMMAND, "command", {"id": command["id"]}))["command"]
            if command["final"] or asyncio.get_running_loop().time() > deadline:
                return command
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _mutate(self, document: str, operation: str, given: Mapping[str, object]) -> Json:
        payload: Json = (await self._ask(document, operation, {"input": given}))[operation]
        for error in payload["errors"]:
            raise ApiRefused(operation, error["code"], error["message"])
        return payload

    async def _ask(self, document: str, operation: str, variables: Mapping[str, object]) -> Json:
        try:
            response = await self._http.post("/graphql", json={"query": document, "variables": variables})
            answer = response.json()
        except (httpx.HTTPError, ValueError) as wrong:
            raise ApiUnreachable(operation, str(wrong) or type(wrong).__name__) from wrong
        for error in answer.get("errors") or ():
            raise ApiRefused(operation, error["extensions"]["code"], error["message"])
        data: Json = answer["data"]
        return data


def _fresh_key() -> Json:
    return {"idempotencyKey": str(uuid4())}
