"""`prewatt sim record` and `prewatt sim replay` as processes."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from prewatt_fixtures.cli import main
from prewatt_fixtures.wire import rtu
from prewatt_fixtures.wire.pdu import read_holding
from prewatt_simulator.recording import Recording

PREWATT = str(Path(sys.executable).with_name("prewatt"))
READ = read_holding(0x0221, 1)


@contextmanager
def process(*words: str) -> Iterator[tuple[list[dict[str, Any]], list[str]]]:
    """A command that announces listeners: they, and what it said at its end."""
    lines: list[str] = []
    with subprocess.Popen([PREWATT, "sim", *words, "--json"], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        rows = []
        try:
            for line in running.stdout:
                row = json.loads(line)
                if row == {"ready": True}:
                    break
                rows.append(row)
            yield rows, lines
        finally:
            running.send_signal(signal.SIGTERM)
            lines += running.stdout.read().splitlines()
            assert running.wait(timeout=20) == 0


def ask(row: dict[str, Any], unit: int, pdu: bytes) -> bytes:
    with socket.create_connection((row["host"], row["tcp"]), timeout=10) as client:
        client.sendall(rtu.encode(unit, pdu))
        return client.recv(300)[1:-2]


def test_a_gateway_is_recorded_and_replayed(running: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "site.jsonl")
    with running("tiny", "--speed", "0") as farm:
        to = f"{farm[1]['host']}:{farm[1]['tcp']}"
        options = ("--to", to, "--listen", "0", "--gateway", "000001", "--port", "2")
        with process("record", path, *options) as (rows, lines):
            assert [(row["gateway"], row["port"], row["framing"]) for row in rows] == [("000001", 2, "rtu")]
            seen = ask(rows[0], 1, READ)
    assert [json.loads(line) for line in lines] == [{"exchanges": 1, "stray_bytes": 0}]
    assert Recording.load(path).exchanges[0].reply == seen == b"\x03\x02\0\6"
    with process("replay", path, "--base-port", "0", "--fault", "kind=exception,code=6,count=1") as (rows, _):
        assert [(row["gateway"], row["port"], row["framing"]) for row in rows] == [("000001", 2, "rtu")]
        assert ask(rows[0], 1, READ) == b"\x83\x06"
        assert ask(rows[0], 1, READ) == seen


def test_a_whole_site_is_recorded_by_its_endpoints(running: Any, tmp_path: Path) -> None:
    table = tmp_path / "endpoints.json"
    path = str(tmp_path / "site.jsonl")
    with running("tiny", "--speed", "0") as farm:
        table.write_text(json.dumps(farm))
        with process("record", path, "--endpoints", str(table), "--listen", "0") as (rows, _):
            seen = [ask(row, 1, read_holding(0, 2)) for row in rows]
    with process("replay", path, "--base-port", "0", "--speed", "0") as (rows, _):
        assert [(row["gateway"], row["port"]) for row in rows] == [
            ("000001", 1),
            ("000001", 2),
            ("000002", 1),
        ]
        assert [ask(row, 1, read_holding(0, 2)) for row in rows] == seen


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["record", "{new}"], "one of --to, --endpoints"),
        (["record", "{new}", "--to", "somewhere"], "HOST:PORT is expected, not 'somewhere'"),
        (["record", "{new}", "--to", "127.0.0.1:1", "--gateway", "7"], "six digits are expected, not '7'"),
        (["record", "{new}", "--endpoints", "{bad}"], "gateways of one are expected"),
        (["record", "{bad}", "--to", "127.0.0.1:1", "--listen", "0"], "File exists"),
        (["replay", "{new}"], "No such file"),
        (["replay", "{bad}"], "{bad}, line 1: "),
    ],
)
def test_wrong_arguments_are_exit_2_with_the_reason(tmp_path: Path, words: list[str], told: str) -> None:
    bad = tmp_path / "bad"
    bad.write_text("{}\n")
    names = {"new": str(tmp_path / "new"), "bad": str(bad)}
    ended = CliRunner().invoke(
        main, ["sim", *(word.format(**names) for word in words)], env={"COLUMNS": "200"}
    )
    assert ended.exit_code == 2
    assert told.format(**names) in ended.stderr


@pytest.mark.parametrize("command", ["record", "replay"])
def test_help_has_an_example(command: str) -> None:
    ended = CliRunner().invoke(main, ["sim", command, "--help"])
    assert f"Examples: prewatt sim {command}" in ended.stdout
