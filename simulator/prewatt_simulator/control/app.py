"""Routes of the control API: limits and validates requests before they reach an operation."""

from collections.abc import Mapping
from functools import cache, partial
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from anyio.to_thread import run_sync
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from prewatt_fixtures import strict_json
from prewatt_fixtures.errors import FixtureError
from prewatt_simulator.control import clock, environment, farm, faults, journal, meters, registers
from prewatt_simulator.control.openapi import describe
from prewatt_simulator.control.operation import ControlContext, Document, Operation, RequestModel
from prewatt_simulator.control.problem import Problem, of_error, of_validation
from prewatt_simulator.errors import SimulatorError

BODY_BYTES_MAX = 64 * 1024

NOUNS = (
    farm.operations,
    clock.operations,
    meters.operations,
    registers.operations,
    environment.operations,
    faults.operations,
    journal.operations,
)


@cache
def openapi() -> Mapping[str, Any]:
    """The OpenAPI description of the whole API."""
    return describe(NOUNS, version("prewatt"))


def build_app(context: ControlContext) -> Starlette:
    """The control API of one farm. Operations run in the farm's event loop, between two requests of its clients."""
    by_path: dict[str, dict[str, Operation]] = {}
    for noun in NOUNS:
        for operation in noun.all:
            by_path.setdefault(operation.path, {})[operation.method] = operation
    app = Starlette(
        routes=[
            *(_route(context, path, operations) for path, operations in by_path.items()),
            Route("/openapi.json", _describe),
        ],
        exception_handlers={HTTPException: _refuse_http, SimulatorError: _refuse, FixtureError: _refuse},
    )
    # a redirect would repeat the client's Host header as an address
    app.router.redirect_slashes = False
    return app


def _route(context: ControlContext, path: str, operations: Mapping[str, Operation]) -> Route:
    async def answer(request: Request) -> Response:
        operation = operations["GET" if request.method == "HEAD" else request.method]
        given: dict[str, Any] = dict(request.path_params)
        _check_query(operation, request, given)
        _check_body(operation, await _body(request), given)
        do = partial(operation.handler, context, **given)
        # A document may be long: it is written in a thread, from a copy of the journal, so that clients do not wait.
        return _response(operation, await run_sync(do) if operation.returns_document else do())

    return Route(path, answer, methods=list(operations))


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        # checked while it arrives: the length in a header may be wrong or missing
        if len(body) > BODY_BYTES_MAX:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body", f"at most {BODY_BYTES_MAX} bytes")
    return body


def _check_query(operation: Operation, request: Request, given: dict[str, Any]) -> None:
    given_items = request.query_params.multi_items()
    keys = [key for key, _ in given_items]
    for key in keys:
        if keys.count(key) > 1:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, key, "one value, not several")
    if operation.query is None:
        if keys:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, keys[0], "no such key")
        return
    try:
        given["query"] = operation.query.model_validate(dict(given_items))
    except ValidationError as wrong:
        raise of_validation(wrong, "query") from wrong


def _check_body(operation: Operation, body: bytes, given: dict[str, Any]) -> None:
    if operation.body is None:
        if body:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", "nothing")
        return
    model: type[RequestModel] = operation.body
    body = body or b"{}"
    _check_json(body)
    try:
        given["body"] = model.model_validate_json(body, strict=True)
    except ValidationError as wrong:
        raise of_validation(wrong, "body") from wrong


def _check_json(body: bytes) -> None:
    """Raise `Problem` for JSON that pydantic's parser takes and others refuse or read otherwise."""
    try:
        strict_json.loads(body)
    except strict_json.DoubleKey as double:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, double.key, "one value, not several") from double
    except strict_json.JsonRefused as wrong:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body", f"JSON: {wrong}") from wrong


def _response(operation: Operation, answer: BaseModel | Document | None) -> Response:
    match answer:
        case None:
            return Response(status_code=operation.status)
        case Document():
            return Response(answer.content, operation.status, media_type=answer.media_type)
        case _:
            content = answer.model_dump_json(exclude_unset=True)
            return Response(content, operation.status, media_type="application/json")


async def _describe(_request: Request) -> Response:
    return JSONResponse(openapi())


async def _refuse(_request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, SimulatorError | FixtureError)
    return of_error(wrong).response()


async def _refuse_http(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, HTTPException)
    expected = {
        404: f"a path of this API, not {request.url.path}",
        405: f"another method than {request.method}",
    }
    status = HTTPStatus(wrong.status_code)
    return Problem(status, "path", expected.get(status, wrong.detail)).response(wrong.headers)
