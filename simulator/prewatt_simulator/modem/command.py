"""Parser of AT command lines.

Source: ITU-T V.250 §5.3 (basic commands follow each other without separator), §5.4 (extended commands end at a semicolon;
read, test and set forms; values and strings).
"""

import re
from dataclasses import dataclass
from enum import Enum

from prewatt_simulator.modem.errors import AtError

_PREFIX = re.compile("AT", re.IGNORECASE)
_BASIC = re.compile(r"(&?[A-Z])([0-9]{0,3})", re.IGNORECASE)
_EXTENDED = re.compile(r"([+^*%$][A-Z0-9]+)((?:\"[^\"]*\"|[^\";])*)", re.IGNORECASE)
_COMMA = re.compile(r",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)")
"""A comma outside of strings: an even number of quotes follows it."""
_NUMBER = re.compile(r"[0-9]{1,9}")


class Form(Enum):
    """Form of a command."""

    EXECUTE = ""
    READ = "?"
    TEST = "=?"
    SET = "="


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a line. An omitted value is an empty string."""

    name: str
    form: Form
    values: tuple[str, ...] = ()

    def text(self, place: int) -> str | None:
        """The value at a position from 0; None when it is omitted."""
        return self.values[place] or None if place < len(self.values) else None

    def number(self, place: int, allowed: range, default: int | None = None) -> int:
        """The value as a number. Raises `AtError` when it is none, out of range, or omitted without a default."""
        text = self.text(place)
        if text is None and default is not None:
            return default
        if text is None or not _NUMBER.fullmatch(text) or int(text) not in allowed:
            raise AtError(f"{self.name}: value {place + 1} is {text!r}")
        return int(text)


def body_of(line: str | None) -> str | None:
    """The text after `AT` in a line; None for a line without it, which a modem does not answer.

    Raises `AtError` for None, a line that was too long.
    """
    if line is None:
        raise AtError("a line that is too long")
    found = _PREFIX.search(line)
    return line[found.end() :] if found else None


def parse(body: str) -> list[Command]:
    """The commands of a line's body, in order. Raises `AtError` for anything else."""
    commands = []
    at = 0
    while at < len(body):
        if body[at] in " ;":
            at += 1
            continue
        if found := _BASIC.match(body, at):
            commands.append(Command(found[1].upper(), Form.EXECUTE, (found[2],)))
        elif found := _EXTENDED.match(body, at):
            commands.append(_extended(found[1].upper(), found[2].strip()))
        else:
            raise AtError(f"no command at {body[at : at + 10]!r}")
        at = found.end()
    return commands


def _extended(name: str, rest: str) -> Command:
    if rest in {"", "?", "=?"}:
        return Command(name, Form(rest))
    if not rest.startswith("="):
        raise AtError(f"{name}{rest}")
    return Command(name, Form.SET, _values(rest[1:]))


def _values(text: str) -> tuple[str, ...]:
    return tuple(value.strip().strip('"') for value in _COMMA.split(text))
