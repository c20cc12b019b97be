"""Messages received by the phones, assembled from their parts.

Source: 3GPP TS 23.040 §9.2.3.24.1 (parts belong together by number, reference and total, and arrive in any order).
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple, overload

from prewatt_simulator.modem.pdu import Submit
from prewatt_simulator.modem.userdata import Alphabet, UserData, text_of

MESSAGES_MAX = 10_000
"""Messages kept; the oldest is dropped first."""
INCOMPLETE_MAX = 100
"""Incomplete texts kept; the oldest is dropped first."""


@dataclass(frozen=True, slots=True)
class Message:
    """A text as a phone displays it."""

    number: str
    text: str
    at: datetime
    """Arrival of the last part, in UTC."""
    parts: int
    alphabet: Alphabet
    """Alphabet of the first part."""
    references: tuple[int, ...]
    """References that AT+CMGS returned for the parts, in the order of the text."""


class Incomplete(NamedTuple):
    """A text with missing parts."""

    number: str
    total: int
    missing: tuple[int, ...]


_Key = tuple[str, int, int]
_Arrived = dict[int, tuple[UserData, int]]


class Inbox(Sequence[Message]):
    """All complete messages, in the order of completion."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._open: dict[_Key, _Arrived] = {}
        self._arrival = asyncio.Event()

    def __len__(self) -> int:
        return len(self._messages)

    @overload
    def __getitem__(self, place: int) -> Message: ...
    @overload
    def __getitem__(self, place: slice) -> list[Message]: ...
    def __getitem__(self, place: int | slice) -> Message | list[Message]:
        return self._messages[place]

    def __iter__(self) -> Iterator[Message]:
        return iter(self._messages)

    def __repr__(self) -> str:
        return f"Inbox({self._messages!r})"

    @property
    def incomplete(self) -> list[Incomplete]:
        """Texts with missing parts."""
        return [
            Incomplete(number, total, tuple(n for n in range(1, total + 1) if n not in arrived))
            for (number, _, total), arrived in self._open.items()
        ]

    def to(self, number: str) -> list[Message]:
        """The messages to one number."""
        return [message for message in self._messages if message.number == number]

    def clear(self) -> None:
        """Delete all messages and parts."""
        self._messages.clear()
        self._open.clear()

    async def wait_for(self, count: int) -> list[Message]:
        """Wait until there are `count` messages and return the first `count`. Has no time-out of its own."""
        while len(self._messages) < count:
            self._arrival.clear()
            await self._arrival.wait()
        return self._messages[:count]

    def take(self, submit: Submit, reference: int, at: datetime) -> None:
        """Add a message or a part; a part that arrives again replaces the earlier one."""
        part = submit.content.part
        if part is None:
            self._add(submit.number, at, [(submit.content, reference)])
            return
        key = (submit.number, part.reference, part.total)
        arrived = self._open.setdefault(key, {})
        arrived[part.sequence] = (submit.content, reference)
        if len(arrived) == part.total:
            del self._open[key]
            self._add(submit.number, at, [arrived[sequence] for sequence in sorted(arrived)])
        elif len(self._open) > INCOMPLETE_MAX:
            del self._open[next(iter(self._open))]

    def _add(self, number: str, at: datetime, pieces: list[tuple[UserData, int]]) -> None:
        # Join before decoding: a sender may cut between an escape and its character, or inside a surrogate pair.
        runs = groupby((content for content, _ in pieces), key=lambda content: content.alphabet)
        text = "".join(text_of(kind, b"".join(content.units for content in run)) for kind, run in runs)
        references = tuple(reference for _, reference in pieces)
        self._messages.append(
            Message(number, text, at, len(pieces), pieces[0][0].alphabet, references),
        )
        del self._messages[:-MESSAGES_MAX]
        self._arrival.set()
