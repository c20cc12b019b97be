"""Recordings on disk: written ones load again; damage is named by file and line."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prewatt_simulator.recording import Exchange, Recording, RecordingError
from prewatt_simulator.recording.file import RecordingFile

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
PLACES = (("000001", 1), ("000001", 2))
EXCHANGES = (
    Exchange(250_000, "000001", 1, 1, bytes.fromhex("0300000001"), bytes.fromhex("0302000a"), 61_234),
    Exchange(1_250_001, "000001", 2, 9, bytes.fromhex("0300000001"), None, None),
)
HEADER = {
    "format": "prewatt recording",
    "version": 1,
    "start": "2026-01-05T08:00:00+00:00",
    "framing": "rtu",
    "places": [{"gateway": "000001", "port": 1}],
}
ROW = {
    "at_s": 0.5,
    "gateway": "000001",
    "port": 1,
    "unit": 1,
    "request": "0300000001",
    "reply": "0302000a",
    "latency_s": 0.06,
}


def written(path: Path) -> Path:
    with RecordingFile(path, START, "rtu", PLACES) as file:
        for exchange in EXCHANGES:
            file.write(exchange)
    return path


def test_a_written_recording_loads_unchanged(tmp_path: Path) -> None:
    assert Recording.load(written(tmp_path / "a.jsonl")) == Recording(START, "rtu", PLACES, EXCHANGES)


def test_every_line_is_flushed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with RecordingFile(path, START, "rtu", PLACES) as file:
        file.write(EXCHANGES[0])
        assert Recording.load(path).exchanges == EXCHANGES[:1]


@pytest.mark.parametrize("cut", range(1, 40))
def test_an_incomplete_last_line_is_ignored(tmp_path: Path, cut: int) -> None:
    path = written(tmp_path / "a.jsonl")
    path.write_bytes(path.read_bytes()[:-cut])
    expected = EXCHANGES if cut == 1 else EXCHANGES[:1]
    assert Recording.load(path).exchanges == expected


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl")
    with pytest.raises(FileExistsError):
        RecordingFile(path, START, "rtu", PLACES)


def test_exchanges_are_in_order_of_their_requests(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with RecordingFile(path, START, "rtu", PLACES) as file:
        for exchange in reversed(EXCHANGES):
            file.write(exchange)
    assert Recording.load(path).exchanges == EXCHANGES


@pytest.mark.parametrize(
    ("changes", "line", "told"),
    [
        ({0: ""}, 1, "a JSON object is expected"),
        ({0: "[]"}, 1, "line: "),
        ({0: {"version": 2}}, 1, "version: 1"),
        ({0: {"format": "pcapng"}}, 1, "format: "),
        ({0: {"start": "2026-01-05T08:00:00"}}, 1, "start: a time with an offset, such as"),
        ({0: {"framing": "ascii"}}, 1, "framing: 'rtu' or 'tcp'"),
        ({0: {"places": []}}, 1, "places: "),
        ({1: "{"}, 2, "a JSON object is expected"),
        ({2: {"request": "03 00 zz"}}, 3, "request: hexadecimal digits are expected"),
        ({2: {"request": ""}}, 3, "request: a PDU of 1 to 253 bytes is expected, not 0"),
        ({2: {"reply": "00" * 254}}, 3, "reply: a PDU of 1 to 253 bytes is expected, not 254"),
        ({2: {"unit": 256}}, 3, "unit: a unit id from 0 to 255, not 256"),
        ({2: {"at_s": -1}}, 3, "at_s: seconds from 0 to 1000000000, not -1"),
        ({2: {"latency": 1}}, 3, "latency: no such key is known here"),
        ({2: {"gateway": "000009"}}, 3, "gateway: a place of the header, not 000009/1"),
    ],
)
def test_damage_is_named(tmp_path: Path, changes: dict[int, Any], line: int, told: str) -> None:
    lines = []
    for number, row in enumerate([HEADER, ROW, ROW]):
        change = changes.get(number, {})
        lines.append(change if isinstance(change, str) else json.dumps(row | change))
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(RecordingError) as wrong:
        Recording.load(path)
    assert str(wrong.value).startswith(f"{path}, line {line}: {told}")
    assert (wrong.value.file, wrong.value.line) == (str(path), line)


def test_an_empty_file_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("")
    with pytest.raises(RecordingError, match=r"line 1: a recording's header"):
        Recording.load(tmp_path / "a.jsonl")
