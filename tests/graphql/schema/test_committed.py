"""The committed schema equals the built one, is described completely, and changes compatibly."""

import re
from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    specified_scalar_types,
)
from graphql.utilities import find_breaking_changes

from prewatt_graphql.errors import ErrorCode
from prewatt_graphql.schema import sdl

COMMITTED = Path(__file__).parents[3] / "graphql" / "schema.graphql"

FIXED_NAMES = {
    "Query": {"viewer", "projects", "project", "meters", "meter", "command", "accounts", "account", "statement", "reconciliation", "verifications", "pricePlans", "calendarDays", "sales", "receipt", "charges", "till", "tillClosings", "dayClosing", "salesPolicy", "proposals", "node"},
    "Mutation": {
        "signIn", "signOut", "accountOpen", "saleCreate", "saleCancel", "saleReverse", "refundCreate", "receiptPrint", "grantCreate", "chargeCreate", "chargeReverse", "shareCreate", "pricePlanCreate", "pricePlanVersionAdd", "pricePlanAssign", "pricePlanDownload", "calendarDaysSet", "tillClose", "dayClose", "salesPolicySet", "orderResolve", "meterEpochConfirm", "controlModeSet", "meterRefresh", "readingIntervalSet",
    },
    "Subscription": {"commandProgress", "readingAdded"},
}  # fmt: skip


def undescribed(schema: GraphQLSchema) -> Iterator[str]:
    for name, kind in schema.type_map.items():
        if name.startswith("__") or name in specified_scalar_types:
            continue
        if not kind.description:
            yield name
        if isinstance(kind, GraphQLEnumType):
            yield from (f"{name}.{value}" for value, made in kind.values.items() if not made.description)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field_name, field in kind.fields.items():
                if not field.description:
                    yield f"{name}.{field_name}"
                arguments = getattr(field, "args", {})
                yield from (
                    f"{name}.{field_name}({argument})"
                    for argument, made in arguments.items()
                    if not made.description
                )


def test_the_committed_schema_is_the_built_one() -> None:
    assert COMMITTED.read_text("utf-8") == sdl(), "run python docs/generate.py"


def test_no_breaking_changes() -> None:
    assert find_breaking_changes(build_schema(COMMITTED.read_text("utf-8")), build_schema(sdl())) == []


def test_everything_is_described() -> None:
    assert list(undescribed(build_schema(sdl()))) == []


def test_an_undescribed_field_would_be_found() -> None:
    assert list(undescribed(build_schema('"x" type Query { "y" a("z" b: Int): Int c: Int }'))) == ["Query.c"]


def test_fixed_names_of_root_fields() -> None:
    built = build_schema(sdl())
    for root, wanted in FIXED_NAMES.items():
        kind = built.type_map[root]
        assert isinstance(kind, GraphQLObjectType)
        assert set(kind.fields) == wanted


def test_every_mutation_takes_one_input_and_returns_errors() -> None:
    mutation = build_schema(sdl()).mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        assert set(field.args) <= {"input"}, name
        assert (
            "errors: [UserError!]!" in sdl().split(f"type {str(field.type).rstrip('!')} ")[1].split("}")[0]
        ), name


def test_every_mutation_that_can_fail_names_its_error_codes() -> None:
    mutation = build_schema(sdl()).mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        _, _, listed = (field.description or "").partition("Errors: ")
        codes = re.findall(r"[A-Z_]{3,}", listed)
        assert set(codes) <= set(ErrorCode.__members__), name
        assert codes or name == "signOut", name
