"""The named GraphQL operations that the terminal sends, read from the files in `documents/`.

An operation goes out with the fragments that it uses and with nothing else. Whether the documents fit the platform's
schema is a promise kept by the tests; sending them is the client's work.
"""

from functools import cache
from importlib.resources import files

from graphql import (
    DefinitionNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    Visitor,
    parse,
    visit,
)


def operation(name: str) -> DocumentNode:
    """The operation `name` with every fragment that it needs, in one document."""
    operations, fragments = _definitions()
    needed: dict[str, FragmentDefinitionNode] = {}
    pending: list[DefinitionNode] = [operations[name]]
    while pending:
        for spread in _spreads(pending.pop()):
            if spread not in needed:
                needed[spread] = fragments[spread]
                pending.append(fragments[spread])
    return DocumentNode(definitions=(operations[name], *needed.values()))


def names() -> tuple[str, ...]:
    """The names of all operations."""
    return tuple(_definitions()[0])


@cache
def _definitions() -> tuple[dict[str, OperationDefinitionNode], dict[str, FragmentDefinitionNode]]:
    operations: dict[str, OperationDefinitionNode] = {}
    fragments: dict[str, FragmentDefinitionNode] = {}
    for file in sorted(files(__package__).joinpath("documents").iterdir(), key=lambda file: file.name):
        for definition in parse(file.read_text("utf-8"), no_location=True).definitions:
            if isinstance(definition, OperationDefinitionNode):
                assert definition.name is not None, f"{file.name} holds an operation without a name"
                operations[definition.name.value] = definition
            elif isinstance(definition, FragmentDefinitionNode):
                fragments[definition.name.value] = definition
    return operations, fragments


def _spreads(definition: DefinitionNode) -> list[str]:
    found: list[str] = []

    class Finder(Visitor):
        def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
            found.append(node.name.value)

    visit(definition, Finder())
    return found
