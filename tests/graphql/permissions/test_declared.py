"""Default deny: a schema with a field or type without a permission does not build."""

import pytest

from prewatt_graphql import permissions
from prewatt_graphql.permissions import ROOT_FIELDS, TYPES, Needs, Undeclared
from prewatt_graphql.schema import build_schema
from prewatt_platform.operators.rules import Permission


def test_a_field_without_a_permission_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(permissions.ROOT_FIELDS, "Query.meter")
    with pytest.raises(Undeclared, match=r"Query\.meter$"):
        build_schema()


def test_a_type_without_a_permission_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(permissions.TYPES, "Customer")
    with pytest.raises(Undeclared, match="Customer"):
        build_schema()


def test_a_permission_without_a_field_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(permissions.ROOT_FIELDS, "Query.gone", Needs.NOTHING)
    with pytest.raises(Undeclared, match=r"Query\.gone"):
        build_schema()


def test_only_sign_in_needs_no_credential() -> None:
    assert {name for name, needs in ROOT_FIELDS.items() if needs is Needs.NOTHING} == {"Mutation.signIn"}


def test_types_without_a_permission_hold_no_project_rows() -> None:
    assert {name for name, needs in TYPES.items() if needs is Needs.NOTHING} == {
        "Money", "PageInfo", "Problem", "SignInPayload", "UserError",
    }  # fmt: skip


def test_mutations_on_money_supply_and_meters_need_more_than_meters_read() -> None:
    reading = {Needs.NOTHING, Needs.CREDENTIAL, Needs.PROJECT, Permission.METERS_READ}
    weak = {name for name, needs in ROOT_FIELDS.items() if name.startswith("Mutation.") and needs in reading}
    assert weak == {"Mutation.signIn", "Mutation.signOut"}
