"""Limits of one document: depth, aliases, estimated nodes, calls of single fields.

Each fragment is measured once, however often it is spread, so the time is linear in the document's length. It runs
before validation, because validation rules are slower than linear on hostile documents. A document that is invalid in
other ways is left to validation.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
)
from strawberry.extensions import SchemaExtension

from prewatt_graphql.errors import LimitExceeded
from prewatt_graphql.limit_values import (
    ALIASES_MAX,
    CALLS_MAX,
    DEPTH_MAX,
    NODES_MAX,
    PAGE_MAX,
    POINTS_MAX,
    POINTS_PER_NODE,
    TOKENS_MAX,
)


@dataclass(slots=True)
class Size:
    """Size of a document or of a part of it."""

    depth: int = 0
    aliases: int = 0
    nodes: int = 0
    root_fields: int = 0
    calls: Counter[str] = field(default_factory=Counter)

    def add_sibling(self, other: "Size") -> None:
        """Add a sibling part: the deeper depth, and the sum of everything else."""
        self.depth = max(self.depth, other.depth)
        self.aliases += other.aliases
        self.nodes += other.nodes
        self.root_fields += other.root_fields
        self.calls += other.calls


class DocumentLimits(SchemaExtension):
    """Refuses a document above the limits before it is validated or run."""

    def on_operation(self) -> Iterator[None]:
        # the parser itself stops here, so an endless document costs no more than this many tokens
        self.execution_context.parse_options["max_tokens"] = TOKENS_MAX
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        assert context.graphql_document is not None, "validation follows parsing"
        try:
            check(context.graphql_document, context.schema._schema, context.variables or {})
        except LimitExceeded as refused:
            context.pre_execution_errors = [GraphQLError(str(refused), original_error=refused)]
        yield


def check(document: DocumentNode, schema: GraphQLSchema, variables: Mapping[str, Any]) -> None:
    """Raise `LimitExceeded`, naming the limit, for a document above one."""
    walk = _Walk(document, schema, variables)
    whole = Size()
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            size = walk.operation(operation)
            if operation.operation is OperationType.MUTATION and size.root_fields > 1:
                raise LimitExceeded("a mutation document has one field at its root")
            whole.add_sibling(size)
    for what, found, allowed in (
        ("levels deep", whole.depth, DEPTH_MAX),
        ("aliases", whole.aliases, ALIASES_MAX),
        ("estimated nodes", whole.nodes, NODES_MAX),
        *((f"times {name}", count, CALLS_MAX[name]) for name, count in whole.calls.items()),
    ):
        if found > allowed:
            raise LimitExceeded(f"the document has {found} {what}; {allowed} are allowed")


class _Walk:
    """Measures the operations of one document."""

    def __init__(self, document: DocumentNode, schema: GraphQLSchema, variables: Mapping[str, Any]) -> None:
        self._schema = schema
        self._variables = variables
        self._defaults: dict[str, ValueNode | None] = {}
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, Size] = {}

    def operation(self, operation: OperationDefinitionNode) -> Size:
        """The size of one operation."""
        # sizes of fragments depend on the operation's variables (`first`, `maxPoints`), so they are not kept
        self._measured = {}
        self._defaults = {
            definition.variable.name.value: definition.default_value
            for definition in operation.variable_definitions or ()
        }
        return self._selections(operation.selection_set, self._schema.get_root_type(operation.operation))

    def _selections(self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Size:
        size = Size()
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                size.add_sibling(self._field(selection, parent))
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                narrowed = self._schema.get_type(condition.name.value) if condition else parent
                size.add_sibling(self._selections(selection.selection_set, narrowed))
            elif isinstance(selection, FragmentSpreadNode):
                size.add_sibling(self._spread(selection.name.value))
        return size

    def _spread(self, name: str) -> Size:
        fragment = self._fragments.get(name)
        if fragment is None:
            return Size()
        if name not in self._measured:
            # ends the recursion of a fragment that spreads itself; validation refuses such a document
            self._measured[name] = Size()
            condition = self._schema.get_type(fragment.type_condition.name.value)
            self._measured[name] = self._selections(fragment.selection_set, condition)
        return self._measured[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Size:
        aliases = 1 if node.alias else 0
        name = node.name.value
        definition: GraphQLField | None = getattr(parent, "fields", {}).get(name)
        if definition is None:  # __typename, introspection, or what validation will refuse
            return Size(depth=1, aliases=aliases)
        below = self._selections(node.selection_set, get_named_type(definition.type))
        call = f"{parent.name if parent else ''}.{name}"
        if call in CALLS_MAX:
            below.calls[call] += 1
        # a page multiplies all that is selected below it, the columns of a series do not
        own_nodes = 1 if node.selection_set else 0
        points = self._argument(node, definition, "maxPoints", POINTS_MAX) or 0
        per_page = self._argument(node, definition, "first", PAGE_MAX) or 1
        return Size(
            depth=below.depth + 1,
            aliases=below.aliases + aliases,
            nodes=own_nodes + points // POINTS_PER_NODE + per_page * below.nodes,
            root_fields=1,
            calls=below.calls,
        )

    def _argument(self, node: FieldNode, definition: GraphQLField, name: str, most: int) -> int | None:
        """Value of an argument, between 1 and `most`; None where the field has no such argument.

        A value that is no integer counts as `most`: validation or the resolver refuses it later.
        """
        if name not in definition.args:
            return None
        given = next(
            (argument.value for argument in node.arguments or () if argument.name.value == name), None
        )
        value = definition.args[name].default_value if given is None else self._value(given)
        return max(1, min(value, most)) if isinstance(value, int) else most

    def _value(self, given: ValueNode) -> Any:
        if isinstance(given, VariableNode):
            name = given.name.value
            if name in self._variables:
                return self._variables[name]
            default = self._defaults.get(name)
            return None if default is None else self._value(default)
        return int(given.value) if isinstance(given, IntValueNode) else None
