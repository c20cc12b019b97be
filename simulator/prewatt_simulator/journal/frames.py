"""A journal as single frames: an exchange is a request and, if there was one, a reply, each with its time."""

from collections.abc import Iterator
from typing import NamedTuple

from prewatt_simulator.journal import decode
from prewatt_simulator.journal.journal import Entry, Happening, Journal


class Frame(NamedTuple):
    """One frame on a bus."""

    at: float
    """Farm time, Unix seconds: a request's arrival on the bus, a reply's last character."""
    reply: bool
    """From the meter to the client."""
    pdu: bytes
    words: str
    entry: Entry
    """The exchange that it belongs to."""


def frames(entry: Entry) -> Iterator[Frame]:
    """The request, and the meter's reply even when it never arrived."""
    yield Frame(entry.at, False, entry.request, decode.describe_request(entry.request), entry)
    if entry.reply is not None:
        words = decode.describe_reply(entry.request, entry.reply)
        yield Frame(entry.at + entry.took_s, True, entry.reply, words, entry)


def timeline(journal: Journal) -> list[Frame | Happening]:
    """Everything that a journal holds, in the order of its times."""
    seen: list[Frame | Happening] = [frame for entry in journal for frame in frames(entry)]
    return sorted([*seen, *journal.happenings], key=lambda each: each.at)
