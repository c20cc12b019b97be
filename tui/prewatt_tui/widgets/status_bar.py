"""The line that is always there: project, operator, whether the platform answers, how many meters are shown."""

from dataclasses import dataclass
from zlib import crc32

from rich.cells import cell_len
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from prewatt_tui.columns import fit
from prewatt_tui.language import tr
from prewatt_tui.models.session import Project

PROJECT_COLOURS = (
    "black on bright_cyan",
    "black on bright_green",
    "black on bright_yellow",
    "black on bright_magenta",
    "bright_white on blue",
    "bright_white on red",
)
"""A project keeps its colour on every terminal: the code chooses it."""


@dataclass(frozen=True, slots=True)
class Status:
    """Content of the status line; None is not known yet."""

    project: Project | None = None
    operator: str | None = None
    online: bool | None = None
    shown: int | None = None
    total: int | None = None


def status_line(status: Status, width: int) -> Text:
    """The line in at most `width` cells: names are shortened when it is tight, codes and states never."""
    code, name, colour = _project(status.project)
    contact, contact_style = _contact(status.online)
    counts = (
        ""
        if status.shown is None
        else tr("{shown}/{value} meters", shown=status.shown, value=_known(status.total))
    )
    operator = status.operator or tr("not signed in")
    room = width - cell_len(f" {code}    {contact} ") - (cell_len(counts) + 2 if counts else 0)
    operator = fit(operator, min(cell_len(operator), max(6, room // 3)))
    name = fit(name, max(2, room - cell_len(operator) - 1)) if name else ""
    line = Text(no_wrap=True)
    line.append(f" {code} {name} " if name else f" {code} ", f"bold {colour}")
    line.append(f" {operator}  ")
    line.append(contact, contact_style)
    if counts:
        line.append(f"  {counts}")
    return line


def _project(project: Project | None) -> tuple[str, str, str]:
    if project is None:
        return tr("no project"), "", "reverse"
    colour = PROJECT_COLOURS[crc32(project.code.encode()) % len(PROJECT_COLOURS)]
    return project.code, project.name, colour


def _contact(online: bool | None) -> tuple[str, str]:
    if online is None:
        return tr("API not asked"), "dim"
    return (tr("API online"), "green") if online else ("API OFFLINE", "bold bright_red")


def _known(count: int | None) -> str:
    return "?" if count is None else str(count)


class StatusBar(Widget):
    """Shows a Status on one line."""

    DEFAULT_CSS = """
    StatusBar { dock: top; height: 1; width: 100%; background: $panel; }
    """

    status: reactive[Status] = reactive(Status())

    def render(self) -> Text:
        return status_line(self.status, self.size.width)
