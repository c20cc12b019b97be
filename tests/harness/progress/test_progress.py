"""Steps are told as they begin, the running one is remembered, and a terminal sees a bar."""

from io import StringIO

import pytest
from rich.console import Console
from rich.progress import Progress as Bar

from prewatt_harness.progress import BarProgress, LineProgress, Progress, progress_on_stderr


def test_lines_name_the_steps() -> None:
    out = StringIO()
    progress = LineProgress(Console(file=out))
    progress.begin("importing [8] meters")
    progress.counted(3, 8)
    assert out.getvalue() == "  0.0 s  importing [8] meters\n"
    assert progress.step == "importing [8] meters"


def test_a_terminal_sees_how_much_is_done() -> None:
    out = StringIO()
    console = Console(file=out, force_terminal=True, width=80)
    with Bar(*Bar.get_default_columns()[:0], "{task.completed}/{task.total}", console=console) as bar:
        progress = BarProgress(console, bar)
        progress.begin("reading 8 meters")
        progress.counted(3, 8)
        bar.refresh()
        assert "3/8" in out.getvalue()
        progress.begin("selling")
        assert not bar.tasks[0].visible
    assert "reading 8 meters" in out.getvalue()


def test_silence() -> None:
    with progress_on_stderr(silent=True) as progress:
        assert type(progress) is Progress
        progress.begin("reading")
        progress.counted(1, 2)
        assert progress.step == "reading"


def test_a_pipe_gets_lines() -> None:
    with progress_on_stderr(silent=False) as progress:
        assert type(progress) is LineProgress


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes that for a terminal
    with progress_on_stderr(silent=False) as progress:
        assert type(progress) is BarProgress
