"""How far the demo has come, told on standard error: a bar on a terminal, a line for each step when piped, or nothing.

It remembers the running step, so that an error can say where it happened.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar


class Progress:
    """Progress reporter that prints nothing; base class of the others."""

    def __init__(self) -> None:
        self.step = "starting"
        """What is being done."""

    def begin(self, step: str) -> None:
        """The next step begins, so the one before is done."""
        self.step = step

    def counted(self, done: int, total: int) -> None:
        """So much of the running step is done."""


class LineProgress(Progress):
    """One line for each step, with the seconds since the start."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._began = time.monotonic()

    def begin(self, step: str) -> None:
        super().begin(step)
        self._console.print(f"{time.monotonic() - self._began:5.1f} s  {step}", markup=False, highlight=False)


class BarProgress(LineProgress):
    """The same, and below it a bar for the step that counts."""

    def __init__(self, console: Console, bar: Bar) -> None:
        super().__init__(console)
        self._bar = bar
        self._task = bar.add_task("", visible=False)

    def begin(self, step: str) -> None:
        super().begin(step)
        self._bar.update(self._task, visible=False)

    def counted(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total, visible=True)


@contextmanager
def progress_on_stderr(*, silent: bool) -> Iterator[Progress]:
    """What suits standard error."""
    console = Console(stderr=True)
    if silent:
        yield Progress()
    elif not console.is_terminal:
        yield LineProgress(console)
    else:
        with Bar(
            TextColumn("         "), BarColumn(), MofNCompleteColumn(), console=console, transient=True
        ) as bar:
            yield BarProgress(console, bar)
