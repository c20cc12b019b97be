"""A state that is damaged anywhere is refused whole, or every register can be read under it."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_fixtures.clock import ManualClock
from prewatt_fixtures.site import load_site
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.errors import StateError
from prewatt_simulator.farm import Farm

SITE = load_site("tiny")
PREPAID, INSTRUMENT = "0000010201", "0000010101"


def farm() -> Farm:
    return Farm(SITE, clock=ManualClock(datetime(2026, 1, 5, tzinfo=UTC)))


def _lived() -> dict[str, Any]:
    lived = farm()
    lived.clock.advance(40 * 86_400)  # type: ignore[attr-defined]  # a manual clock
    state: dict[str, Any] = json.loads(json.dumps(lived.state()))
    return state | {"meters": {number: state["meters"][number] for number in (PREPAID, INSTRUMENT)}}


STATE = _lived()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


def damaged(path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    state = copy.deepcopy(STATE)
    at = state
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return state


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=4),
    st.binary(max_size=60).map(bytes.hex),
    st.lists(st.integers(0, 3), max_size=5),
    st.sampled_from(
        [{}, 10**30, -1, 0xFFFF_FFFF, 10**5000, "9999-12-31T23:59:59", "2026-01-31T00:00:00+08:00"]
    ),
)


@given(path=st.sampled_from(list(places(STATE))), value=JUNK)
@settings(max_examples=400, deadline=None)
def test_a_damaged_state_is_refused_or_can_be_read(path: tuple[Any, ...], value: Any) -> None:
    restored = farm()
    before = restored.state()
    try:
        restored.restore(damaged(path, value))
    except StateError as refused:
        assert restored.state() == before
        assert "\n" not in str(refused)  # noqa: PT017 - either outcome is right
        return
    for days in (0, 1, 40):
        restored.clock.advance(days * 86_400)  # type: ignore[attr-defined]  # a manual clock
        for number in (PREPAID, INSTRUMENT):
            for block in restored.view(number).profile.blocks:
                for at in range(block.start, block.start + block.count, 60):
                    restored.ask(number, read_holding(at, min(60, block.start + block.count - at)))
    json.dumps(restored.state())


def test_the_state_for_these_tests_is_good() -> None:
    restored = farm()
    restored.restore(STATE)
    assert {number: restored.state()["meters"][number] for number in STATE["meters"]} == STATE["meters"]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (
            ("meters", PREPAID, "purchase_count"),
            70_000,
            "purchase_count: a whole number from 0 to 65535, not 70000",
        ),
        (
            ("meters", PREPAID, "purchase_count"),
            "6",
            "purchase_count: a whole number from 0 to 65535, not '6'",
        ),
        (("meters", PREPAID, "prices_e4"), [1, 2], "prices_e4.2: a value: it is missing"),
        (("meters", PREPAID, "money_on"), 1, "money_on: true or false, not 1"),
        (("meters", PREPAID, "tables"), [], "tables: at least 1 of them"),
        (("meters", PREPAID, "colour"), "red", "colour: no such key is known here"),
        (("meters", INSTRUMENT, "clock_ahead_ms"), 10**30, "clock_ahead_ms: milliseconds from"),
        (("meters", INSTRUMENT, "settings"), {"freeze_time": "ff1f"}, f"meter {INSTRUMENT} is damaged: "),
        (("meters", INSTRUMENT), None, f"meter {INSTRUMENT}: state: "),
        (("meters",), [], "this is no state of project 000"),
    ],
)
def test_what_is_wrong_is_named(path: tuple[Any, ...], value: Any, said: str) -> None:
    with pytest.raises(StateError) as refused:
        farm().restore(damaged(path, value))
    assert said in str(refused.value)
