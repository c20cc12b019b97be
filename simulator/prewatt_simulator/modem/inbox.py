"""Messages received by the phones, assembled from their parts.

Source: 3GPP TS 23.040 §9.2.3.24.1 (parts belong together by number, reference and total; they come in any order).
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
"""Whole messages that are kept; the oldest goes first."""
INCOMPLETE_MAX = 100
"""Texts that wait for parts at the same time; the oldest is given up first."""


@dataclass(frozen=True, slots=True)
class Message:
    """A text as a phone shows it."""

    number: str
    text: str
    at: datetime
    """When its last part arrived, in UTC."""
    parts: int
    alphabet: Alphabet
    """Of its first part."""
    references: tuple[int, ...]
    """What AT+CMGS answered to each part, in the order of the text."""


class Incomplete(NamedTuple):
    """A text of which parts are missing."""

    number: str
    total: int
    missing: tuple[int, ...]


_Key = tuple[str, int, int]
_Arrived = dict[int, tuple[UserData, int]]


class Inbox(Sequence[Message]):
    """All whole messages in the order in which they became whole."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._open: dict[_Key, _Arrived] = {}
        self._news = asyncio.Event()

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
        """Texts that wait for parts."""
        return [
            Incomplete(number, total, tuple(n for n in range(1, total + 1) if n not in arrived))
            for (number, _, total), arrived in self._open.items()
        ]

    def to(self, number: str) -> list[Message]:
        """The messages to one number."""
        return [message for message in self._messages if message.number == number]

    def clear(self) -> None:
        """Forget all messages and parts."""
        self._messages.clear()
        self._open.clear()

    async def hold(self, count: int) -> list[Message]:
        """The first `count` messages, once there are that many. Give it a time-out of your own."""
        while len(self._messages) < count:
            self._news.clear()
            await self._news.wait()
        return self._messages[:count]

    def take(self, submit: Submit, reference: int, at: datetime) -> None:
        """One message arrives, or one part; a part that comes again replaces itself."""
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
        # joined before they are read: an encoder may cut between an escape, or a surrogate, and its other half
        runs = groupby((content for content, _ in pieces), key=lambda content: content.alphabet)
        text = "".join(text_of(kind, b"".join(content.units for content in run)) for kind, run in runs)
        references = tuple(reference for _, reference in pieces)
        self._messages.append(
            Message(number, text, at, len(pieces), pieces[0][0].alphabet, references),
        )
        del self._messages[:-MESSAGES_MAX]
        self._news.set()
