"""Whatever text comes in through a file or an option: exit code 2, one line that names the place, and no traceback."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from prewatt_fixtures.cli import main

SITE = """[project]
code = "001"
name = "bench"
[[gateways]]
number = "001001"
ports = [{ port = 1 }]
[[meters]]
number = "0010010101"
model = "DDSY1352-NK/F"
place = "p"
"""
TRACED = SITE + 'load = { shape = "trace", file = "t.csv" }\n'
TRACE = "time,kwh\n2026-01-05 00:00,1000.00\n2026-01-05 00:15,1000.25\n2026-01-12 00:00,1090.00\n"
HEADER = {
    "format": "prewatt recording",
    "version": 1,
    "start": "2026-01-05T00:00:00+00:00",
    "framing": "rtu",
    "places": [{"gateway": "001001", "port": 1}],
}
LIBRARY = re.compile(
    r"Input should|datetime\.(date|time)|pydantic|a valid (int|num|tup|list|str|bool|dict)|<class "
)
"""Phrases of libraries, which say nothing to a user."""
NOWHERE = ("--host", "no host")
"""Ends a command that would run for ever: nothing listens there."""


def prewatt(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["sim", *arguments], prog_name="prewatt")


def refused(ended: Any) -> str:
    """The line of a refusal."""
    assert isinstance(ended.exception, SystemExit), ended.exception
    assert (ended.exit_code, ended.stdout) == (2, "")
    lines: list[str] = ended.stderr.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("prewatt sim")
    assert not LIBRARY.search(lines[0])
    return lines[0]


def cut_up(text: str) -> st.SearchStrategy[str]:
    """The text with a piece of it replaced by another."""
    hostile = [
        "1e999999",
        "[" * 3000,
        "\0",
        "9" * 5000,
        '"',
        "-1",
        "nan",
        "9999-12-31",
        "true",
        "\n",
        ",",
        "{}",
    ]

    def changed(at: int, length: int, piece: str) -> str:
        return text[:at] + piece + text[at + length :]

    place, length = st.integers(0, len(text)), st.integers(0, 12)
    return st.builds(changed, place, length, st.sampled_from(hostile) | st.text(max_size=6))


ARGUMENT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


class TestSite:
    @given(text=cut_up(SITE))
    @settings(max_examples=150, deadline=None)
    def test_any_text_is_a_site_or_refused(self, tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
        site = tmp_path_factory.getbasetemp() / "any.toml"
        site.write_text(text, "utf-8")
        ended = prewatt("check", str(site))
        if ended.exit_code:
            assert str(site) in refused(ended)

    @given(text=cut_up(TRACE))
    @settings(max_examples=150, deadline=None)
    def test_any_text_is_a_trace_or_refused(
        self, tmp_path_factory: pytest.TempPathFactory, text: str
    ) -> None:
        folder = tmp_path_factory.mktemp("traced")
        (folder / "site.toml").write_text(TRACED, "utf-8")
        (folder / "t.csv").write_text(text, "utf-8")
        ended = prewatt("check", str(folder / "site.toml"))
        if ended.exit_code:
            assert "t.csv: " in refused(ended)

    @pytest.mark.parametrize(
        ("since", "said"),
        [
            (
                "0001-01-01T00:00:00Z",
                "fault 1, in the table at line 11, since: a time after the farm's start, not 0001-01-01",
            ),
            ("9999-12-31T23:59:59Z", "since: a time before 2099-12-31"),
            ("2026-01-05", "since: a time with an offset, such as +08:00, not 2026-01-05"),
        ],
    )
    def test_run_check_and_endpoints_refuse_a_window_alike(
        self, tmp_path: Path, since: str, said: str
    ) -> None:
        site = tmp_path / "site.toml"
        site.write_text(f'{SITE}[[faults]]\nkind = "lose-reply"\nsince = {since}\n', "utf-8")
        for command in (("check",), ("endpoints",), ("run", "--base-port", "0")):
            assert said in refused(prewatt(command[0], str(site), *command[1:]))


class TestRecording:
    EXCHANGE = json.dumps(
        {"at_s": 1.0, "gateway": "001001", "port": 1, "unit": 1, "request": "0300000002", "reply": None}
        | {"latency_s": None}
    )

    @given(text=cut_up(f"{json.dumps(HEADER)}\n{EXCHANGE}\n"))
    @settings(max_examples=150, deadline=None)
    def test_any_text_is_a_recording_or_refused(
        self, tmp_path_factory: pytest.TempPathFactory, text: str
    ) -> None:
        recording = tmp_path_factory.getbasetemp() / "any.jsonl"
        recording.write_text(text, "utf-8")
        line = refused(prewatt("replay", str(recording), *NOWHERE))
        assert f"{recording}, line " in line or "host: " in line

    def test_a_start_that_no_clock_shows(self, tmp_path: Path) -> None:
        recording = tmp_path / "late.jsonl"
        recording.write_text(json.dumps(HEADER | {"start": "9999-12-31T23:59:59-14:00"}) + "\n", "utf-8")
        assert "line 1: start: a time with an offset" in refused(prewatt("replay", str(recording), *NOWHERE))


@given(text=cut_up('{"project": "001", "meters": {"0010010101": {"model": "DDSY1352-NK/F"}}}'))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_state_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("state")
    (folder / "site.toml").write_text(SITE, "utf-8")
    (folder / "farm.json").write_text(text, "utf-8")
    line = refused(prewatt("run", str(folder / "site.toml"), "--state", str(folder / "farm.json"), *NOWHERE))
    assert "farm.json: " in line or "host: " in line


@given(text=cut_up('[{"gateway": "001001", "port": 1, "host": "127.0.0.1", "tcp": 4001, "framing": "rtu"}]'))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_table_of_endpoints_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("endpoints")
    (folder / "e.json").write_text(text, "utf-8")
    line = refused(
        prewatt("record", str(folder / "r.jsonl"), "--endpoints", str(folder / "e.json"), *NOWHERE)
    )
    assert "e.json: " in line or "host: " in line


HOSTILE = [
    "inf",
    "nan",
    "-1",
    "1e300",
    "9" * 5000,
    "",
    " ",
    "é" * 300,
    "0x10",
    "9999-12-31T23:59:59Z",
    "70000",
]
RUN = (
    "base-port",
    "host",
    "protocol",
    "seed",
    "speed",
    "start",
    "fault",
    "control",
    "control-host",
    "journal",
)
REPLAY = ("base-port", "host", "protocol", "seed", "speed", "fault", "journal")
RECORD = ("to", "endpoints", "serial", "baud", "parity", "listen", "host", "protocol", "gateway", "port")
FILES = {"journal", "endpoints", "serial", "state"}


class TestOptions:
    @given(option=st.sampled_from([*RUN, "state"]), value=st.sampled_from(HOSTILE) | ARGUMENT)
    @settings(max_examples=200, deadline=None)
    def test_of_run(self, tmp_path_factory: pytest.TempPathFactory, option: str, value: str) -> None:
        self._refused(tmp_path_factory, ("run", "tiny"), option, value)

    @given(option=st.sampled_from(REPLAY), value=st.sampled_from(HOSTILE) | ARGUMENT)
    @settings(max_examples=100, deadline=None)
    def test_of_replay(self, tmp_path_factory: pytest.TempPathFactory, option: str, value: str) -> None:
        recording = tmp_path_factory.getbasetemp() / "good.jsonl"
        recording.write_text(json.dumps(HEADER) + "\n", "utf-8")
        self._refused(tmp_path_factory, ("replay", str(recording)), option, value)

    @given(option=st.sampled_from(RECORD), value=st.sampled_from(HOSTILE) | ARGUMENT)
    @settings(max_examples=100, deadline=None)
    def test_of_record(self, tmp_path_factory: pytest.TempPathFactory, option: str, value: str) -> None:
        recording = tmp_path_factory.mktemp("record") / "new.jsonl"
        self._refused(tmp_path_factory, ("record", str(recording), "--to", "127.0.0.1:9"), option, value)

    def _refused(
        self, folders: pytest.TempPathFactory, command: tuple[str, ...], option: str, value: str
    ) -> None:
        # a text that may be a host is made one that is none
        given = str(folders.getbasetemp() / value) if option in FILES else value
        hosts = (f"--host={value} x",) if option == "host" else (f"--{option}={given}", *NOWHERE)
        refused(prewatt(*command, *hosts))

    @pytest.mark.parametrize(
        ("arguments", "line"),
        [
            (("run", "tiny", "--speed=inf"), "prewatt sim run: --speed: a number from 0 to 1000000, not inf"),
            (("run", "tiny", "--speed=fast"), "prewatt sim run: --speed: a number"),
            (("run", "tiny", "--base-port=70000"), "prewatt sim run: --base-port: at most 65535"),
            (
                ("run", "tiny", "--start=9999-12-31T00:00:00Z"),
                "prewatt sim run: --start: a time with an offset",
            ),
            (("run", "tiny", "--start=soon"), "prewatt sim run: --start: an ISO 8601 time"),
            (("run", "tiny", "--seed=99999999999999999999"), "prewatt sim: seed: a whole number"),
            (("run", "tiny", "--host=a b"), "prewatt sim: host: the name or address of a host, not 'a b'"),
            (("run", "tiny", "--sped=1"), "prewatt sim run: No such option: --sped"),
            (("run",), "prewatt sim run: Missing argument 'SITE'"),
            (("replay",), "prewatt sim replay: Missing argument 'FILE'"),
        ],
    )
    def test_the_option_is_named(self, arguments: tuple[str, ...], line: str) -> None:
        assert refused(prewatt(*arguments)).startswith(line)
