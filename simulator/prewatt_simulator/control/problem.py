"""Refusals of the control API as problem details (RFC 9457): the key, and what was expected there."""

from collections.abc import Mapping
from http import HTTPStatus

from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from prewatt_fixtures.bounds import SettingRefused
from prewatt_fixtures.errors import FixtureError
from prewatt_fixtures.validation import expected_words
from prewatt_simulator.devices.load import LoadError
from prewatt_simulator.errors import (
    ClockNotManual,
    FaultRuleError,
    NotPrepaid,
    SimulatorError,
    UnknownMeter,
    WrongDeviceKind,
)

MEDIA_TYPE = "application/problem+json"


class ProblemBody(BaseModel):
    """A refused request: the key, and what was expected there."""

    title: str
    """Phrase of the HTTP status."""
    status: int
    key: str
    """The key of the body or query, or the part of the path."""
    expected: str


class Problem(SimulatorError):
    """A refused request."""

    def __init__(self, status: HTTPStatus, key: str, expected: str) -> None:
        super().__init__(f"{key}: {expected}")
        self.status = status
        self.key = key
        self.expected = expected

    def response(self, headers: Mapping[str, str] | None = None) -> Response:
        """The HTTP response."""
        body = ProblemBody(title=self.status.phrase, status=self.status, key=self.key, expected=self.expected)
        return Response(body.model_dump_json(), self.status, headers, MEDIA_TYPE)


def of_error(wrong: SimulatorError | FixtureError) -> Problem:
    """The problem for an error of the farm."""
    match wrong:
        case Problem():
            return wrong
        case UnknownMeter():
            return Problem(HTTPStatus.NOT_FOUND, "number", f"a meter of this farm, not {wrong.number}")
        case WrongDeviceKind():
            return Problem(HTTPStatus.NOT_FOUND, "number", f"a device that has this: {wrong}")
        case FaultRuleError() | SettingRefused():
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, wrong.key, wrong.expected)
        case ClockNotManual():
            return Problem(HTTPStatus.CONFLICT, "clock", f"a clock that stands still: {wrong}")
        case NotPrepaid():
            return Problem(HTTPStatus.CONFLICT, "number", f"a prepaid meter: {wrong}")
        case LoadError():
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "shape", str(wrong))
        case _:
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", str(wrong))


def of_validation(wrong: ValidationError, place: str) -> Problem:
    """The problem for the first error of a body or query; `place` is the key for an error of the whole."""
    first = wrong.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or place
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, key, expected_words(first))
