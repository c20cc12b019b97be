"""Text that can be kept: no NUL, no halves of surrogate pairs, which JSON and GraphQL can spell and PostgreSQL cannot."""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLError, StringValueNode, ValidationRule
from strawberry.extensions import SchemaExtension

REFUSED = "text holds a character that cannot be kept (NUL, or half of a surrogate pair)"


class KeepableText(SchemaExtension):
    """Refuses a request whose variables or literals hold such text."""

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        context.validation_rules += (_KeepableLiterals,)
        if context.pre_execution_errors is None and not _keepable(context.variables):
            context.pre_execution_errors = [GraphQLError(REFUSED)]
        yield


class _KeepableLiterals(ValidationRule):
    def enter_string_value(self, node: StringValueNode, *_: object) -> None:
        if not _keepable(node.value):
            self.report_error(GraphQLError(REFUSED, node))


def _keepable(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(_keepable(key) and _keepable(inner) for key, inner in value.items())
    return not isinstance(value, list) or all(map(_keepable, value))
