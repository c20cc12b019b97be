"""Every visible text has a Chinese one that fits where it is shown and keeps its placeholders."""

import ast
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

import prewatt_tui
from prewatt_tui import language
from prewatt_tui.chinese import CHINESE

FOLDER = Path(prewatt_tui.__file__).parent
FILES = sorted(file for file in FOLDER.rglob("*.py") if file.name not in {"chinese.py", "language.py"})
NO_TEXTS = {
    "cli.py": "options of the command line are English",
    "operations.py": "names of GraphQL operations",
    "transport.py": "headers and what the server says",
}
NOT_SHOWN = re.compile(
    r"^#|^[a-z_]+$|^[A-Z][A-Za-z]+$|^[A-Z_]+$|^[\w.#:/-]*$|^(bold|dim|black|bright|default)|height:|https?:"
)
"""Ids, styles, action names, operation names, enumerations and style sheets."""


def _calls() -> list[tuple[str, str]]:
    found = []
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr":
                (text,) = node.args
                assert isinstance(text, ast.Constant), f"{file}: tr() takes a literal"
                found.append((file.name, str(text.value)))
    return found


CALLS = _calls()


def test_every_text_is_in_the_catalogue_and_every_entry_is_used() -> None:
    used = {text for _, text in CALLS}
    shown_in_chinese = {text for text in used if text not in CHINESE}
    assert shown_in_chinese == set()
    assert set(CHINESE) - used == set()


@pytest.mark.parametrize("english", sorted(CHINESE))
def test_placeholders_are_equal_in_both_languages(english: str) -> None:
    def fields(text: str) -> set[tuple[str | None, str | None]]:
        return {(name, spec) for _, name, spec, _ in string.Formatter().parse(text) if name is not None}

    assert fields(english) == fields(CHINESE[english])


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(FOLDER)))
def test_no_sentence_stands_outside_the_catalogue(file: Path) -> None:
    if file.name in NO_TEXTS:
        return
    tree = ast.parse(file.read_text("utf-8"))
    translated = {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr"
        for argument in node.args
    }
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values}
    sentences = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in translated | documentation | parts
        and re.search(r"[a-z]{2,} [a-z]{2,}", node.value)
        and not NOT_SHOWN.search(node.value.strip())
    ]
    assert sentences == []


def test_headings_and_states_fit_their_columns_in_chinese() -> None:
    script = (
        "from prewatt_tui import language; language.choose('zh');"
        "from prewatt_tui.columns import COLUMNS; from prewatt_tui import labels; from rich.cells import cell_len;"
        "widths={c.key: c.width for c in COLUMNS};"
        "assert all(cell_len(c.heading) <= c.width for c in COLUMNS), COLUMNS;"
        "assert all(cell_len(t) <= widths['standing'] for t, _ in labels.STANDING.values());"
        "assert all(cell_len(t) <= widths['relay'] for t, _ in labels.RELAY.values());"
        "print(labels.STANDING)"
    )
    done = subprocess.run((sys.executable, "-c", script), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "欠费" in done.stdout


def test_labels_of_the_meter_page_are_no_wider_than_in_english() -> None:
    labels = [english for file, english in CALLS if file == "meter_lines.py" and "{" not in english]
    widest = max(map(cell_len, labels))
    assert [text for text in labels if cell_len(CHINESE[text]) > widest] == []


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LC_MESSAGES": "zh_TW", "LANG": "en_US"}, "zh"),
        ({"LC_ALL": "", "LANG": "de_DE"}, "en"),
    ],
)
def test_the_locale_chooses(environment: dict[str, str], expected: str) -> None:
    assert language.of_locale(environment) == expected


def test_a_context_is_not_shown() -> None:
    assert language.tr("closed|account") == "closed"


def test_the_sign_in_screen_in_chinese() -> None:
    script = (
        "import asyncio; from prewatt_tui import language; language.choose('zh');"
        "from prewatt_tui.app import TerminalApp\n"
        "async def main():\n"
        "    app = TerminalApp('http://127.0.0.1:1')\n"
        "    async with app.run_test(size=(80, 24)) as pilot:\n"
        "        await pilot.pause()\n"
        "        for strip in app.screen._compositor.render_strips():\n"
        "            print(''.join(segment.text for segment in strip))\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run((sys.executable, "-c", script), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for text in ("登录", "操作员", "密码", "平台"):
        assert text in done.stdout
