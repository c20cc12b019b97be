"""The documentation keeps its word: examples run, commands and settings exist and are all told of, links lead somewhere."""

import re
import shlex
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs").glob("*/*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def blocks(*languages: str) -> list[tuple[str, str]]:
    """(page and number, text) of all blocks in one of the languages."""
    return [
        (f"{page.name}-{number}", found.group(2))
        for page in PAGES
        for number, found in enumerate(BLOCK.finditer(page.read_text("utf-8")))
        if found.group(1) in languages
    ]


def commands() -> list[tuple[str, str]]:
    """(page and command, words) of every `prewatt …` line in a block of shell."""
    found = {}
    for name, text in blocks("", "sh", "console", "bash"):
        for line in text.splitlines():
            words = line.partition("#")[0].strip().removeprefix("$ ")
            if words.startswith("prewatt "):
                found[f"{name} {words}"] = words
    return sorted(found.items())


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in blocks("python")])
def test_python_examples_run(text: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", text],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in blocks("py")])
def test_excerpts_are_from_the_example_that_runs(text: str) -> None:
    assert any(text in path.read_text("utf-8") for path in (ROOT / "docs" / "example-reader").rglob("*.py"))


@pytest.mark.parametrize("words", [pytest.param(words, id=name) for name, words in commands()])
def test_commands_and_options_exist(words: str) -> None:
    """The options of each command that is shown are options that it has."""
    first, *rest = shlex.split(words)[1:]
    command = [first]
    if rest and not rest[0].startswith("-") and first in {"sim", "db", "project", "operator", "audit"}:
        command.append(rest.pop(0))
    told = subprocess.run(
        [sys.executable, "-m", "prewatt_fixtures", *command, "--help"],
        capture_output=True,
        text=True,
        env={"COLUMNS": "200", "NO_COLOR": "1", "PATH": ""},
        check=False,
    )
    assert told.returncode == 0, told.stderr
    for option in rest:
        if option.startswith("--"):
            assert option.partition("=")[0] in told.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_every_command_is_told_of() -> None:
    told = "\n".join(page.read_text("utf-8") for page in PAGES)
    for point in entry_points(group="prewatt.commands"):
        assert f"prewatt {point.name}" in told


def test_every_setting_is_told_of() -> None:
    from prewatt_platform.kernel.settings import Settings

    told = (ROOT / "docs" / "administrators.md").read_text("utf-8")
    for name in Settings.model_fields:
        assert f"PREWATT_{name.upper()}" in told
