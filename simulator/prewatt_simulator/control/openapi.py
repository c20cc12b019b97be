"""Builds the OpenAPI 3.1 description of the control API from the operations and their models."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from prewatt_simulator.control import problem
from prewatt_simulator.control.operation import Operation, Operations

_REFERENCE = "#/components/schemas/{model}"
_JSON = "application/json"


def describe(nouns: Iterable[Operations], version: str) -> dict[str, Any]:
    """The OpenAPI document."""
    nouns = tuple(nouns)
    operations = [each for noun in nouns for each in noun.all]
    references, definitions = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for noun in nouns:
        for each in noun.all:
            paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, noun.noun, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "prewatt farm",
            "version": version,
            "description": "Controls a farm of simulated meters from a test. Numbers are integers with the unit in the name.",
        },
        "tags": [{"name": noun.noun} for noun in nouns],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "responses": {
                "Problem": {
                    "description": "Refused: the key, and what was expected there.",
                    "content": {problem.MEDIA_TYPE: {"schema": references[problem.ProblemBody]}},
                }
            },
        },
    }


_References = Mapping[type[BaseModel], Mapping[str, Any]]


def _schemas(operations: Iterable[Operation]) -> tuple[_References, dict[str, Any]]:
    modes: dict[type[BaseModel], JsonSchemaMode] = {problem.ProblemBody: "serialization"}
    for each in operations:
        for asked in (each.query, each.body):
            if asked is not None:
                modes[asked] = "validation"
        if each.answer is not None:
            modes[each.answer] = "serialization"
    found, described = models_json_schema(list(modes.items()), ref_template=_REFERENCE)
    return {model: found[model, mode] for model, mode in modes.items()}, described.get("$defs", {})


def _operation(each: Operation, noun: str, references: _References) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": each.name,
        "tags": [noun],
        "summary": each.summary,
        "parameters": [*_path_parameters(each), *_query_parameters(each)],
        "responses": _responses(each, references),
    }
    if each.body is not None:
        described["requestBody"] = {
            "required": each.body_needed,
            "content": {_JSON: {"schema": references[each.body]}},
        }
    return described


def _path_parameters(each: Operation) -> list[dict[str, Any]]:
    return [
        {"name": part, "in": "path", "required": True, "schema": {"type": "string"}} for part in each.parts
    ]


def _query_parameters(each: Operation) -> list[dict[str, Any]]:
    if each.query is None:
        return []
    schema = each.query.model_json_schema(ref_template=_REFERENCE)
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": described}
        for name, described in schema["properties"].items()
    ]


def _responses(each: Operation, references: _References) -> dict[str, Any]:
    done: dict[str, Any] = {"description": each.status.phrase}
    if each.answer is not None:
        done["content"] = {_JSON: {"schema": references[each.answer]}}
    elif each.returns_document:
        done["content"] = {each.media_type: {}}
    return {str(each.status.value): done, "4XX": {"$ref": "#/components/responses/Problem"}}
