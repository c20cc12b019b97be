"""Limits of a document: at the limit it passes, above it is refused, and measuring takes linear time."""

from typing import Any

import pytest
from graphql import parse

from prewatt_graphql.errors import LimitExceeded
from prewatt_graphql.limit_values import ALIASES_MAX, DEPTH_MAX, NODES_MAX
from prewatt_graphql.limits import check
from prewatt_graphql.schema import build_schema

SCHEMA = build_schema()._schema


def measure(document: str, **variables: Any) -> None:
    check(parse(document), SCHEMA, variables)


def refused(document: str, **variables: Any) -> str:
    with pytest.raises(LimitExceeded) as limit:
        measure(document, **variables)
    return str(limit.value)


class TestDepth:
    def test_levels_are_counted_through_fragments(self) -> None:
        schema = _chain()
        within = "{ " + "a { " * (DEPTH_MAX - 1) + "b" + " }" * DEPTH_MAX
        above = "{ " + "a { " * DEPTH_MAX + "b" + " }" * (DEPTH_MAX + 1)
        check(parse(within), schema, {})
        with pytest.raises(LimitExceeded, match="levels deep"):
            check(parse(above), schema, {})
        half = DEPTH_MAX // 2
        split = (
            "{ " + "a { " * half + "...rest" + " }" * (half + 1)
            + " fragment rest on Query { " + "a { " * half + "b" + " }" * (half + 1)
        )  # fmt: skip
        with pytest.raises(LimitExceeded, match="levels deep"):
            check(parse(split), schema, {})


def _chain() -> Any:
    from graphql import build_schema as build

    return build("type Query { a: Query b: Int }")


class TestAliases:
    def test_fifteen(self) -> None:
        measure("{ " + " ".join(f"a{n}: viewer {{ name }}" for n in range(ALIASES_MAX)) + " }")

    def test_sixteen(self) -> None:
        assert "aliases" in refused(
            "{ " + " ".join(f"a{n}: viewer {{ name }}" for n in range(ALIASES_MAX + 1)) + " }"
        )

    def test_counted_each_time_a_fragment_is_spread(self) -> None:
        document = "{ viewer { ...f } projects { ...p } } fragment f on Viewer { a: name } fragment p on Project { %s }"
        measure(document % " ".join(f"a{n}: name" for n in range(ALIASES_MAX - 1)))
        assert "aliases" in refused(document % " ".join(f"a{n}: name" for n in range(ALIASES_MAX)))


class TestNodes:
    def test_a_page_multiplies_what_is_below_it(self) -> None:
        # 1 + 100 × (edge + node + gateway + account + customer + reading + 6 amounts) = 1201, times 4 aliases: 4804
        page = (
            "%s: meters(first: 100) { edges { node { gateway { name } account { customer { name } } reading {"
            " remaining { amount } totalPurchased { amount } alarmAmount1 { amount } alarmAmount2 { amount }"
            " overdraft { amount } } balance { amount } } } }"
        )
        measure("{ " + " ".join(page % name for name in "abcd") + " }")
        assert "6005 estimated nodes" in refused("{ " + " ".join(page % name for name in "abcde") + " }")

    def test_at_the_limit_and_one_above(self) -> None:
        # 10 meters × (edge + node + readings + points/10): 1 + 10 × (3 + 496) = 4991; with 497: 5001
        document = "{ meters(first: 10) { edges { node { readings(from: 1, to: 2, maxPoints: %d) { truncated } } } } }"
        measure(document % 4969)
        assert f"{NODES_MAX} are allowed" in refused(document % 4970)

    def test_a_variable_counts_as_what_it_is(self) -> None:
        document = (
            "query($n: Int = 1) { meters(first: $n) "
            "{ edges { node { readings(from: 1, to: 2, maxPoints: 1000) { truncated } } } } }"
        )
        measure(document)
        measure(document, n=48)
        refused(document, n=49)
        refused(document, n="a hundred")

    def test_defaults_count(self) -> None:
        # 50 meters of 1000 points each, without a word of either
        refused("{ meters { edges { node { readings(from: 1, to: 2) { truncated } } } } }")

    def test_a_page_larger_than_allowed_is_left_to_its_own_error(self) -> None:
        measure("{ meters(first: 2000000000) { edges { node { number } } } }")


class TestCalls:
    @pytest.mark.parametrize("field", ["signIn", "saleCreate", "controlModeSet", "meterRefresh"])
    def test_one_a_document_counted_over_operations(self, field: str) -> None:
        one = f"mutation a {{ {field}(input: {{}}) {{ errors {{ code }} }} }}"
        measure(one)
        assert f"Mutation.{field}" in refused(one + one.replace("mutation a", "mutation b"))

    def test_counted_over_aliases_and_fragments(self) -> None:
        five = "{ " + " ".join(f"a{n}: node(id: 1) {{ id }}" for n in range(5)) + "%s }"
        measure(five % "")
        assert "Query.node" in refused(five % " ...more" + " fragment more on Query { node(id: 2) { id } }")


class TestMutations:
    def test_one_field_at_the_root(self) -> None:
        both = "mutation { signOut { errors { code } } readingIntervalSet(input: {}) { errors { code } } }"
        assert "one field" in refused(both)

    def test_fragments_do_not_hide_a_second(self) -> None:
        document = (
            "mutation { ...a ... { signOut { errors { code } } } } "
            "fragment a on Mutation { readingIntervalSet(input: {}) { errors { code } } }"
        )
        assert "one field" in refused(document)

    def test_typename_does_not_count(self) -> None:
        measure("mutation { __typename signOut { errors { code } } }")


class TestCheapness:
    def test_each_fragment_is_measured_once(self) -> None:
        """2^60 spreads: a walk that visited each would never end."""
        chain = " ".join(f"fragment f{n} on Viewer {{ ...f{n + 1} ...f{n + 1} }}" for n in range(60))
        document = f"{{ viewer {{ ...f0 }} }} {chain} fragment f60 on Viewer {{ a: name }}"
        assert "aliases" in refused(document)

    def test_recursive_fragments_end(self) -> None:
        measure("{ viewer { ...a } } fragment a on Viewer { name ...b } fragment b on Viewer { ...a }")

    def test_invalid_documents_are_left_to_validation(self) -> None:
        measure("{ nothing(first: $x) { like { this } } ...missing ... on Nowhere { a } }")

    def test_deep_nonsense_does_not_exhaust_the_stack(self) -> None:
        measure("{ " + "... { " * 150 + "viewer { name }" + " }" * 151)
