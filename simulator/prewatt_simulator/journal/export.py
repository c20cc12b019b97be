"""Exports a journal as text for people and as JSON lines for programs; `pcapng` exports captures.

One line per frame or port event. Times are the farm's, in UTC.
"""

import json
from datetime import UTC, datetime
from typing import Any

from prewatt_simulator.journal import decode
from prewatt_simulator.journal.frames import Frame, timeline
from prewatt_simulator.journal.journal import Journal, PortEvent


def to_text(journal: Journal) -> str:
    """One line per frame: time, bus, unit and meter, direction, description, verdict, fault."""
    return "".join(text_line(each) + "\n" for each in timeline(journal))


def to_json_lines(journal: Journal) -> str:
    """One JSON object per frame; bytes are hexadecimal."""
    return "".join(json_line(each) + "\n" for each in timeline(journal))


def text_line(seen: Frame | PortEvent) -> str:
    """A frame or port event as a line of text."""
    if isinstance(seen, PortEvent):
        words = [_bus(seen), *([] if seen.unit is None else [f"unit {seen.unit}"]), f"! {seen.what}"]
        words += [decode.describe_request(seen.request)] if seen.request else []
        fault = seen.fault
    else:
        entry = seen.entry
        address = [] if entry.unit is None else [f"unit {entry.unit}", entry.meter or "nobody"]
        words = [_bus(entry), *address, "<" if seen.reply else ">", seen.text, f"({entry.verdict})"]
        fault = entry.fault
    return " ".join([_time(seen.at), *words, *([] if fault is None else [f"[{fault}]"])])


def json_line(seen: Frame | PortEvent) -> str:
    """A frame or port event as a JSON object on one line."""
    row: dict[str, Any] = {"at": seen.at, "time": _time(seen.at)}
    if isinstance(seen, PortEvent):
        row |= {"gateway": seen.gateway, "port": seen.port, "event": seen.what, "fault": seen.fault}
        if seen.request:
            row |= {"unit": seen.unit, "pdu": seen.request.hex()}
        return json.dumps(row)
    entry = seen.entry
    row |= {
        "gateway": entry.gateway,
        "port": entry.port,
        "unit": entry.unit,
        "meter": entry.meter,
        "direction": "reply" if seen.reply else "request",
        "pdu": seen.pdu.hex(),
        "decode": seen.text,
        "verdict": entry.verdict.value,
        "fault": entry.fault,
    }
    if seen.reply and entry.sent is not None:
        row["sent"] = [segment.hex() for segment in entry.sent]
    return json.dumps(row)


def _bus(place: Any) -> str:
    return f"{place.gateway}/{place.port}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
