"""Parses the filter line of the meter table into queries to the platform and a test for their rows.

Terms are separated by blanks and all have to hold: `relay:open`, `state:arrears`, `lost:yes`, `account:open`,
`area:building/floor`, and free text, found in the number or the place. A `!` in front turns a term round. The platform
gets every term that its filter can say. Free text that could be part of a number makes two questions, one about numbers
and one about places; their answers are merged by `pages`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from prewatt_tui.errors import BadInput
from prewatt_tui.language import tr
from prewatt_tui.models.meter import AccountState, Meter, Standing
from prewatt_tui.models.reading import Relay

_Choice = TypeVar("_Choice", bound=StrEnum)

Test = Callable[[Meter], bool]

_WIDE_SIGNS = str.maketrans({"：": ":", "！": "!", "／": "/"})
"""What a Chinese input method types for the signs that have a meaning here."""

_PART_OF_A_NUMBER = re.compile(r"[0-9A-Fa-f]+")


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter: `questions` are sent to the platform, `passes` tests each row of the answers."""

    questions: tuple[dict[str, Any], ...]
    passes: Test


@dataclass(frozen=True, slots=True)
class _Term:
    """A term: the test of a row, and for the platform the field and value, or None where it cannot say it."""

    test: Test
    field: str | None = None
    value: Any = None


def read_filter(line: str) -> Filter:
    """The filter that `line` describes; an empty line lets everything pass. Raises BadInput."""
    asked: dict[str, Any] = {}
    texts: list[str] = []
    tests: list[Test] = []
    for word in line.translate(_WIDE_SIGNS).split():
        inverted = word.startswith("!")
        term = _term(word.removeprefix("!"))
        if inverted:
            tests.append(_not(term.test))
        elif term.field is None:
            texts.append(str(term.value))
            tests.append(term.test)
        else:
            # the platform does not part post-paid from unopened, so its answers are tested here too
            tests.append(term.test)
            asked.setdefault(term.field, term.value)
    return Filter(_questions(asked, texts), lambda meter: all(test(meter) for test in tests))


def _questions(asked: dict[str, Any], texts: list[str]) -> tuple[dict[str, Any], ...]:
    if not texts:
        return (asked,)
    text = max(texts, key=len)
    by_place = {**asked, "place": text}
    if _PART_OF_A_NUMBER.fullmatch(text):
        return ({**asked, "number": text.upper()}, by_place)
    return (by_place,)


def _term(word: str) -> _Term:
    key, colon, value = word.partition(":")
    if not colon:
        return _free_text(word)
    if key not in _KEYS:
        raise BadInput(
            tr(
                "{key}: is not a filter; there are {join}",
                key=key,
                join=", ".join(f"{known}:" for known in _KEYS),
            )
        )
    return _KEYS[key](value)


def _free_text(text: str) -> _Term:
    if not text:
        raise BadInput(tr("! turns round the term behind it: !relay:open"))
    wanted = text.casefold()
    return _Term(
        lambda meter: wanted in meter.number.casefold() or wanted in meter.place.casefold(), None, text
    )


def _relay(value: str) -> _Term:
    relay = _one_of(Relay, "relay", value)
    return _Term(lambda meter: meter.relay is relay, "relay", relay.value)


def _state(value: str) -> _Term:
    standing = _one_of(Standing, "state", value)
    asked = Standing.UNOPENED if standing is Standing.POSTPAID else standing
    return _Term(lambda meter: meter.standing is standing, "standing", asked.value)


def _account(value: str) -> _Term:
    state = _one_of(AccountState, "account", value)
    return _Term(lambda meter: meter.account_state is state, "accountState", state.value)


def _lost(value: str) -> _Term:
    if value.casefold() not in ("yes", "no"):
        raise BadInput(tr("lost:{value} is not a filter; lost: takes yes, no", value=value))
    lost = value.casefold() == "yes"
    return _Term(lambda meter: meter.lost is lost, "lost", lost)


def _area(value: str) -> _Term:
    path = tuple(part for part in value.split("/") if part)
    if not path:
        raise BadInput(tr("area: takes a path, for example area:building/floor"))
    return _Term(lambda meter: meter.area[: len(path)] == path, "area", list(path))


_KEYS: dict[str, Callable[[str], _Term]] = {
    "relay": _relay,
    "state": _state,
    "lost": _lost,
    "account": _account,
    "area": _area,
}


def _one_of(kind: type[_Choice], key: str, value: str) -> _Choice:
    found = {_bare(member.value): member for member in kind}.get(_bare(value))
    if found is None:
        known = ", ".join(_bare(member.value) for member in kind)
        raise BadInput(
            tr("{key}:{value} is not a filter; {key}: takes {known}", key=key, value=value, known=known)
        )
    return found


def _bare(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")


def _not(test: Test) -> Test:
    return lambda meter: not test(meter)
