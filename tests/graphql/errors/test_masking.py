"""Unexpected errors are logged with their request id and masked for the client."""

from typing import Any

import pytest
from graphql import GraphQLError
from structlog.testing import capture_logs

from prewatt_graphql.errors import BadInput, LimitExceeded, report, should_mask_error
from prewatt_platform.accounts.meter_list import MeterListRepository

pytestmark = pytest.mark.anyio

SECRET = "postgresql://prewatt:hunter2@db/prewatt"


async def test_an_internal_error_is_masked_and_logged(admin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(MeterListRepository, "by_number", broken)
    with capture_logs() as logs:
        answer = await admin.ask('{ viewer { name } meter(number: "0000010101") { id } }')
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "hunter2" not in str(answer)
    assert "RuntimeError" not in str(answer)
    assert answer["data"]["viewer"] is not None, "the rest of the answer stands"
    (entry,) = [line for line in logs if line["event"] == "request failed"]
    assert entry["request_id"] == error["extensions"]["requestId"]
    assert SECRET in str(entry["exc_info"])


async def test_a_failure_before_the_operation_is_masked_too(
    stack: Any, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(stack.deployment.platform.operators, "authenticate", broken)
    with capture_logs() as logs:
        answer = await admin.post(json={"query": "{ viewer { name } }"})
    assert answer.status_code == 500
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "INTERNAL", "requestId": answer.headers["X-Request-Id"]}
    assert "hunter2" not in answer.text
    assert [line["request_id"] for line in logs] == [answer.headers["X-Request-Id"]]


async def test_an_unlisted_platform_error_is_masked(admin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from prewatt_platform.control.service import ControlService
    from prewatt_platform.kernel.errors import DatabaseUnreachable

    async def broken(*_: object) -> None:
        raise DatabaseUnreachable(SECRET, "it is away")

    monkeypatch.setattr(ControlService, "refresh", broken)
    with capture_logs():
        answer = await admin.ask(
            'mutation { meterRefresh(input: {meterNumber: "0000010101"}) { errors { code } } }'
        )
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "db/prewatt" not in str(answer)


async def test_an_operation_that_takes_too_long_is_stopped(
    admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    from prewatt_graphql import schema

    stopped = asyncio.Event()

    async def endless(*_: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    monkeypatch.setattr(schema, "EXECUTION_S_MAX", 0.05)
    monkeypatch.setattr(MeterListRepository, "by_number", endless)
    assert await admin.code('{ meter(number: "0000010101") { id } }') == "LIMIT_EXCEEDED"
    assert stopped.is_set()


@pytest.mark.parametrize(
    ("error", "masked"),
    [
        (GraphQLError("Cannot query field"), False),
        (GraphQLError("x", original_error=BadInput("x"), path=["a"]), False),
        (GraphQLError("x", original_error=LimitExceeded("x")), False),
        (GraphQLError("x", original_error=ValueError("x")), True),
        (
            GraphQLError(
                "x", original_error=TypeError("Cannot return null for non-nullable field"), path=["a"]
            ),
            True,
        ),
        (GraphQLError("Enum cannot represent value: secret", path=["a"]), True),
    ],
)
def test_masking_of_each_kind_of_error(error: GraphQLError, masked: bool) -> None:
    assert should_mask_error(error) is masked
    told = report(error, "id")
    assert (told.message == error.message) is not masked
    assert told.original_error is None
