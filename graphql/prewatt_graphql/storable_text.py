"""Refuses text that PostgreSQL cannot store, although JSON and GraphQL can express it: NUL and unpaired surrogates."""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLError, StringValueNode, ValidationRule
from strawberry.extensions import SchemaExtension

REFUSED = "text holds a character that cannot be stored (NUL, or half of a surrogate pair)"


class StorableText(SchemaExtension):
    """Refuses a request whose variables or literals hold such text."""

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        context.validation_rules += (_StorableLiterals,)
        if context.pre_execution_errors is None and not _is_storable(context.variables):
            context.pre_execution_errors = [GraphQLError(REFUSED)]
        yield


class _StorableLiterals(ValidationRule):
    def enter_string_value(self, node: StringValueNode, *_: object) -> None:
        if not _is_storable(node.value):
            self.report_error(GraphQLError(REFUSED, node))


def _is_storable(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(_is_storable(key) and _is_storable(inner) for key, inner in value.items())
    return not isinstance(value, list) or all(map(_is_storable, value))
