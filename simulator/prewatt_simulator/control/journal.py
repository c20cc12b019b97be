"""Control API, noun journal: query it page by page, export it, empty it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from pydantic import AwareDatetime, Field

from prewatt_simulator.control.operation import (
    ControlContext,
    Document,
    Hexadecimal,
    Operations,
    RequestModel,
    ResponseModel,
)
from prewatt_simulator.control.problem import Problem
from prewatt_simulator.journal import decode
from prewatt_simulator.journal.export import to_json_lines, to_text
from prewatt_simulator.journal.frames import frames
from prewatt_simulator.journal.journal import Entry, Verdict, entry_of
from prewatt_simulator.journal.pcapng import to_pcapng

operations = Operations("journal")

PAGE_MAX = 1000


class JournalQuery(RequestModel):
    """Conditions that entries match; all without any."""

    gateway: str | None = None
    port: int | None = None
    meter: str | None = None
    function: Annotated[int | None, Hexadecimal] = None
    verdict: Verdict | None = None
    since: AwareDatetime | None = None
    """A time with an offset, not before the farm's start."""
    after: Annotated[int, Field(ge=0)] = 0
    """Only entries with a higher number: `last` of the page before."""
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 100


class EntryAnswer(ResponseModel):
    """A request that reached a bus, and its outcome; or malformed bytes that a client sent."""

    number: int
    """Rises by one; a gap means that entries were dropped in between."""
    at: datetime
    gateway: str
    port: int
    unit: int | None
    """None for malformed bytes."""
    meter: str | None
    function: int | None
    """None for malformed bytes."""
    verdict: Verdict
    fault: str | None
    """Name of the rule that hit."""
    request: str
    """PDU, hexadecimal; of malformed bytes the first 256, as they arrived."""
    request_text: str
    reply: str | None
    """PDU of the meter, hexadecimal, even when it was lost on the way."""
    reply_text: str | None
    took_s: float
    """Seconds from the request's arrival on the bus to the reply's last character."""
    sent: tuple[str, ...] | None
    """The segments that left, hexadecimal, where a fault changed the reply frame."""


class PortEventAnswer(ResponseModel):
    """An event at a port that is no exchange: a client refused or dropped, a request before the reply to another."""

    at: datetime
    gateway: str
    port: int
    what: str
    fault: str | None
    unit: int | None
    request: str
    """PDU, hexadecimal; empty when there is none."""


class PortEventsAnswer(ResponseModel):
    """Port events, oldest first."""

    events: tuple[PortEventAnswer, ...]


class JournalAnswer(ResponseModel):
    """A page of entries, oldest first."""

    entries: tuple[EntryAnswer, ...]
    last: int
    """Number of the last entry examined: `after` of the next page."""
    more: bool
    """Whether there is a next page already."""


@operations.add("GET", "/journal")
def query_journal(context: ControlContext, query: JournalQuery) -> JournalAnswer:
    """Read entries of requests that reached a bus, and of malformed bytes, page by page."""
    if query.since is not None and query.since < context.farm.start:
        expected = f"a time from the farm's start ({context.farm.start.isoformat()}) on"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "since", expected)
    found: list[EntryAnswer] = []
    last = query.after
    for number, entry in _fitting(context, query):
        if entry is not None:
            if len(found) == query.limit:
                return JournalAnswer(entries=tuple(found), last=last, more=True)
            found.append(_answer(number, entry))
        last = number
    return JournalAnswer(entries=tuple(found), last=last, more=False)


@operations.add("GET", "/journal/port-events")
def list_port_events(context: ControlContext) -> PortEventsAnswer:
    """List the port events."""
    return PortEventsAnswer(
        events=tuple(
            PortEventAnswer(
                at=datetime.fromtimestamp(each.at, UTC),
                gateway=each.gateway,
                port=each.port,
                what=each.what,
                fault=each.fault,
                unit=each.unit,
                request=each.request.hex(),
            )
            for each in context.farm.journal.port_events
        )
    )


@operations.add("DELETE", "/journal")
def clear_journal(context: ControlContext) -> None:
    """Delete all entries and port events."""
    context.farm.journal.clear()


@operations.add("GET", "/journal.txt", media_type="text/plain")
def journal_as_text(context: ControlContext) -> Document:
    """Export the journal as text, one line per frame."""
    return Document(to_text(context.farm.journal).encode(), "text/plain; charset=utf-8")


@operations.add("GET", "/journal.jsonl", media_type="application/jsonl")
def journal_as_json_lines(context: ControlContext) -> Document:
    """Export the journal as JSON lines, one object per frame."""
    return Document(to_json_lines(context.farm.journal).encode(), "application/jsonl")


@operations.add("GET", "/journal.pcapng", media_type="application/vnd.tcpdump.pcap")
def journal_as_capture(context: ControlContext) -> Document:
    """Export the journal as a pcapng capture, in the framing of the farm's listeners."""
    framing = context.endpoints[0].framing if context.endpoints else "rtu"
    return Document(to_pcapng(context.farm.journal, framing), "application/vnd.tcpdump.pcap")


def _fitting(context: ControlContext, query: JournalQuery) -> Iterator[tuple[int, Entry | None]]:
    """Numbers after `query.after`, each with its entry, or with None for an entry that does not match."""
    asked = query.model_dump(exclude_none=True, include={"gateway", "port", "meter", "function", "verdict"})
    since_s = None if query.since is None else query.since.timestamp()
    for number, record in context.numbering.numbered():
        if number <= query.after:
            continue
        entry = entry_of(record)
        fits = since_s is None or entry.at >= since_s
        fits = fits and all(getattr(entry, key) == value for key, value in asked.items())
        yield number, entry if fits else None


def _answer(number: int, entry: Entry) -> EntryAnswer:
    reply, request = entry.reply, entry.request
    return EntryAnswer(
        number=number,
        at=datetime.fromtimestamp(entry.at, UTC),
        gateway=entry.gateway,
        port=entry.port,
        unit=entry.unit,
        meter=entry.meter,
        function=entry.function,
        verdict=entry.verdict,
        fault=entry.fault,
        request=request.hex(),
        request_text=next(frames(entry)).text,
        reply=None if reply is None else reply.hex(),
        reply_text=None if reply is None else decode.describe_reply(request, reply),
        took_s=entry.took_s,
        sent=None if entry.sent is None else tuple(segment.hex() for segment in entry.sent),
    )
