"""Operations of the control API: method, path, input and answer, declared by one function each.

`Operations` collects the functions of one noun. A function takes the `ControlContext`, the variable parts of its path as
text, and, if it names them, the pydantic models `query` and `body`. It returns a model, a `Document` or None.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict

from prewatt_fixtures.endpoints import Endpoint
from prewatt_simulator.control.numbering import Numbering
from prewatt_simulator.farm import Farm


class RequestModel(BaseModel):
    """Base of bodies and queries. Unknown keys are refused; a body's types are not converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


def _from_hexadecimal(value: object) -> object:
    return int(value, 16) if isinstance(value, str) and re.fullmatch("0[xX][0-9a-fA-F]+", value) else value


Hexadecimal = BeforeValidator(_from_hexadecimal, json_schema_input_type=int | str)
"""Of addresses and function codes: a number, or text such as "0x20"."""


class ResponseModel(BaseModel):
    """Base of answers and their parts."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class ControlContext:
    """The farm and its endpoints, for operations."""

    farm: Farm
    endpoints: tuple[Endpoint, ...]
    numbering: Numbering

    @property
    def now_s(self) -> float:
        """The farm's present, Unix seconds."""
        return self.farm.clock.time()


@dataclass(frozen=True, slots=True)
class Document:
    """An answer that is no JSON object, with its media type."""

    content: bytes
    media_type: str


Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    status: HTTPStatus
    handler: Callable[..., BaseModel | Document | None]
    query: type[RequestModel] | None
    body: type[RequestModel] | None
    answer: type[BaseModel] | None
    media_type: str
    """Media type of an answer that is a document."""

    @property
    def name(self) -> str:
        """OpenAPI's operationId."""
        return self.handler.__name__

    @property
    def summary(self) -> str:
        """Summary line of the operation."""
        return inspect.cleandoc(self.handler.__doc__ or "").partition("\n")[0]

    @property
    def returns_document(self) -> bool:
        """Whether it answers with a `Document`. It then runs in a thread and may only read a copy of the journal."""
        return self.answer is None and self.status is HTTPStatus.OK

    @property
    def body_needed(self) -> bool:
        """Whether its body has a required key."""
        return self.body is not None and any(field.is_required() for field in self.body.model_fields.values())

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the path's variable parts."""
        return tuple(re.findall(r"{(\w+)}", self.path))


class Operations:
    """The operations of one noun."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self.all: list[Operation] = []

    def add(
        self,
        method: str,
        path: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        media_type: str = "application/json",
    ) -> Callable[[Handler], Handler]:
        """Decorator that declares a function as an operation."""

        def register(handler: Handler) -> Handler:
            hints = get_type_hints(handler)
            answer = hints["return"]
            is_model = isinstance(answer, type) and issubclass(answer, BaseModel)
            self.all.append(
                Operation(
                    method,
                    path,
                    HTTPStatus.NO_CONTENT if answer is type(None) else status,
                    handler,
                    hints.get("query"),
                    hints.get("body"),
                    answer if is_model else None,
                    media_type,
                )
            )
            return handler

        return register
