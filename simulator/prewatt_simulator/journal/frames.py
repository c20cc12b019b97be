"""A journal as single frames: each exchange as a request and, if the meter answered, a reply, with their times."""

from collections.abc import Iterator
from typing import NamedTuple

from prewatt_simulator.journal import decode
from prewatt_simulator.journal.journal import MALFORMED, Entry, Journal, PortEvent


class Frame(NamedTuple):
    """One frame on a bus."""

    at: float
    """Farm time, Unix seconds: a request's arrival on the bus, a reply's last character."""
    reply: bool
    """Whether it goes from the meter to the client."""
    pdu: bytes
    """Malformed bytes as they arrived."""
    text: str
    """Description of the PDU."""
    entry: Entry
    """Exchange of the frame."""


def frames(entry: Entry) -> Iterator[Frame]:
    """The request, and the meter's reply even when it was lost."""
    malformed = entry.verdict in MALFORMED
    text = entry.request.hex() if malformed else decode.describe_request(entry.request)
    yield Frame(entry.at, False, entry.request, text, entry)
    if entry.reply is not None:
        text = decode.describe_reply(entry.request, entry.reply)
        yield Frame(entry.at + entry.took_s, True, entry.reply, text, entry)


def timeline(journal: Journal) -> list[Frame | PortEvent]:
    """All frames and port events of a journal, by time."""
    seen: list[Frame | PortEvent] = [frame for entry in journal for frame in frames(entry)]
    return sorted([*seen, *journal.port_events], key=lambda each: each.at)
