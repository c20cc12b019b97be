"""What the terminal sends fits the platform's committed schema."""

from pathlib import Path

import pytest
from graphql import GraphQLSchema, Lexer, Source, TokenKind, build_schema, print_ast, validate

from prewatt_tui import operations
from prewatt_tui.labels import COMMAND_KIND, COMMAND_STATE
from prewatt_tui.models.meter import AccountState, ControlMode, Standing
from prewatt_tui.models.reading import Relay

SCHEMA_FILE = Path(__file__).parents[3] / "graphql" / "schema.graphql"
TOKENS_AT_MOST = 1000


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(SCHEMA_FILE.read_text("utf-8"))


@pytest.mark.parametrize("name", operations.names())
def test_an_operation_is_valid_against_the_schema(schema: GraphQLSchema, name: str) -> None:
    assert validate(schema, operations.operation(name)) == []


@pytest.mark.parametrize("name", operations.names())
def test_an_operation_is_within_the_platforms_limit_of_tokens(name: str) -> None:
    lexer = Lexer(Source(print_ast(operations.operation(name))))
    count = 0
    while lexer.advance().kind is not TokenKind.EOF:
        count += 1
    assert count < TOKENS_AT_MOST


@pytest.mark.parametrize("kind", [Standing, Relay, ControlMode, AccountState])
def test_the_terminal_knows_every_value_of_an_enumeration(
    schema: GraphQLSchema, kind: type[Standing]
) -> None:
    own = (
        {Standing.POSTPAID.value} if kind is Standing else set()
    )  # the terminal shows it instead of UNOPENED
    assert set(schema.type_map[kind.__name__].values) == {member.value for member in kind} - own  # type: ignore[attr-defined] # an enum type


def test_every_kind_and_state_of_a_command_has_words(schema: GraphQLSchema) -> None:
    assert set(schema.type_map["CommandKind"].values) == set(COMMAND_KIND)  # type: ignore[attr-defined] # an enum type
    assert set(schema.type_map["CommandState"].values) == set(COMMAND_STATE)  # type: ignore[attr-defined] # an enum type
