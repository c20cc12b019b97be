"""Choosing the project to work in, out of those that the operator may see."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Label, OptionList, Static
from textual.widgets.option_list import Option

from prewatt_tui.language import tr
from prewatt_tui.messages import ProjectChosen
from prewatt_tui.models.session import Project
from prewatt_tui.screens.base import FullScreen


class ProjectsScreen(FullScreen):
    """Lists the projects; `told` says why one has to be chosen again."""

    def __init__(self, projects: Sequence[Project], told: str = "") -> None:
        super().__init__()
        self._projects = {project.code: project for project in projects}
        self._told = told

    def compose_body(self) -> ComposeResult:
        with Vertical(classes="form"):
            yield Label(tr("Choose a project"), classes="title")
            yield Static(self._told, classes="told", markup=False)
            yield OptionList(
                *(Option(_line(project), id=project.code) for project in self._projects.values()),
                markup=False,
            )

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        assert event.option_id is not None
        self.post_message(ProjectChosen(self._projects[event.option_id]))


def _line(project: Project) -> str:
    count = (
        "" if project.meter_count is None else tr(", {meter_count} meters", meter_count=project.meter_count)
    )
    return f"{project.code}  {project.name}  ({project.role.lower()}{count})"
