"""The curl lines of docs/control-api.md run and answer as the page shows."""

import json
import re
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prewatt_simulator.control.app import openapi

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "control-api.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FARM = re.search(r"^prewatt sim run (.*) --base-port 0 (.*) --control 0 --json$", PAGE, re.MULTILINE)


def examples() -> Iterator[tuple[str, Any]]:
    """Each block of shell, and what the page shows of its answer."""
    blocks = [found.groups() for found in BLOCK.finditer(PAGE)]
    for (language, text), (following, answer) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "sh":
            yield text, json.loads(answer) if following == "json" else None


def last_of(output: str) -> Any:
    """The last of several JSON values."""
    value, at = None, 0
    while at < len(output):
        value, at = json.JSONDecoder().raw_decode(output, at)
    return value


def shows(shown: Any, told: Any) -> bool:
    """Whether everything that is shown was told."""
    if isinstance(shown, dict):
        return all(key in told and shows(each, told[key]) for key, each in shown.items())
    if isinstance(shown, list):
        return len(shown) == len(told) and all(map(shows, shown, told))
    return bool(shown == told)


@pytest.mark.peer
def test_its_examples_run_and_answer_as_shown(
    running: Any, peer: Callable[[str], str], tmp_path: Path
) -> None:
    assert FARM is not None
    peer("curl")
    with running(*" ".join(FARM.groups()).split(), "--control", "0") as rows:
        for text, shown in examples():
            done = subprocess.run(
                ["sh", "-e", "-c", text],
                cwd=tmp_path,
                env={"FARM": rows[-1]["control"], "PATH": "/usr/local/bin:/usr/bin:/bin"},
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
            assert shown is None or shows(shown, last_of(done.stdout)), (text, done.stdout)


def test_every_path_is_documented() -> None:
    told = PAGE.replace("$FARM", "").replace("0000010201", "{number}")
    for path in openapi()["paths"]:
        pattern = re.escape(path).replace(r"\{number\}", "{number}")
        assert re.search(re.sub(r"\\{\w+\\}", r"[\\w-]+", pattern), told), path


def test_its_javascript_is_part_of_a_tested_file() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "tests/simulator/peers/node").glob("*.mjs")]
    excerpts = [text for language, text in BLOCK.findall(PAGE) if language == "js"]
    assert excerpts
    for text in excerpts:
        assert any(textwrap.dedent(text).strip() in source or indented(text) in source for source in sources)


def indented(text: str) -> str:
    return textwrap.indent(text, "    ").rstrip()
