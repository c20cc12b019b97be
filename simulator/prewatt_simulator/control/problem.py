"""A problem with a request as JSON (RFC 9457): the key and the expected value."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from prewatt_fixtures.errors import FixtureError
from prewatt_simulator.devices.load import LoadError
from prewatt_simulator.errors import (
    ClockRunsByItself,
    FaultRuleError,
    KeepsNoCredit,
    OtherKind,
    SimulatorError,
    UnknownMeter,
)

MEDIA_TYPE = "application/problem+json"


class ProblemBody(BaseModel):
    """An error: where it is, and what would be right."""

    title: str
    """What the status means."""
    status: int
    key: str
    """The key of the body or query, or the part of the path."""
    expected: str


class Problem(SimulatorError):
    """A request that is refused."""

    def __init__(self, status: HTTPStatus, key: str, expected: str) -> None:
        super().__init__(f"{key}: {expected}")
        self.status = status
        self.key = key
        self.expected = expected

    def response(self, headers: Mapping[str, str] | None = None) -> Response:
        """Itself as an answer."""
        body = ProblemBody(title=self.status.phrase, status=self.status, key=self.key, expected=self.expected)
        return Response(body.model_dump_json(), self.status, headers, MEDIA_TYPE)


def of_error(wrong: SimulatorError | FixtureError) -> Problem:
    """The problem that reports an error of the farm."""
    match wrong:
        case Problem():
            return wrong
        case UnknownMeter():
            return Problem(HTTPStatus.NOT_FOUND, "number", f"a meter of this farm, not {wrong.number}")
        case OtherKind():
            return Problem(HTTPStatus.NOT_FOUND, "number", f"a device that has this: {wrong}")
        case FaultRuleError():
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, wrong.key, wrong.expected)
        case ClockRunsByItself():
            return Problem(HTTPStatus.CONFLICT, "clock", f"a clock that stands still: {wrong}")
        case KeepsNoCredit():
            return Problem(HTTPStatus.CONFLICT, "number", f"a prepaid meter: {wrong}")
        case LoadError():
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "shape", str(wrong))
        case _:
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", str(wrong))


def of_validation(wrong: ValidationError, place: str) -> Problem:
    """The first thing that is wrong with a body or a query; `place` names the whole of it."""
    first = wrong.errors(include_url=False, include_context=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or place
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, key, _expected(first))


def _expected(error: Mapping[str, Any]) -> str:
    match error["type"]:
        case "extra_forbidden":
            return "no such key"
        case "missing":
            return "a value: it is missing"
        case "json_invalid":
            return f"JSON: {error['msg']}"
        case _:
            words: str = error["msg"]
            return words.removeprefix("Value error, ").removeprefix("Input should be ")
