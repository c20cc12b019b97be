"""The terminal itself: which screen is shown, the session, and whether the platform answers.

It holds no meter and no table; those are the screens'.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar
from uuid import UUID, uuid4

from textual import on, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.reactive import reactive

from prewatt_fixtures.clock import Clock, RealClock
from prewatt_tui.client import ApiClient, GraphQLClient
from prewatt_tui.errors import TerminalError
from prewatt_tui.keys import Key, active_keys, printed
from prewatt_tui.language import tr
from prewatt_tui.messages import (
    ContactChanged,
    CountChanged,
    ProjectChosen,
    ProjectLeft,
    SessionEnded,
    SessionGranted,
)
from prewatt_tui.models.session import Project, SignedIn
from prewatt_tui.palette import ActionsProvider
from prewatt_tui.screens.base import FullScreen
from prewatt_tui.screens.help import HelpScreen
from prewatt_tui.screens.meters import MetersScreen
from prewatt_tui.screens.projects import ProjectsScreen
from prewatt_tui.screens.sign_in import SignInScreen
from prewatt_tui.session_context import SessionContext
from prewatt_tui.transport import Transport
from prewatt_tui.widgets.status_bar import Status


class TerminalApp(App[None]):
    """The technician's terminal for the platform at `url`."""

    TITLE = "prewatt"
    CSS_PATH = "styles/terminal.tcss"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {ActionsProvider}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "question_mark,f1",
            "help",
            tr("Help"),
            key_display="?",
            tooltip=tr("list the keys and the states"),
        ),
        Binding(
            "ctrl+p",
            "command_palette",
            tr("Palette"),
            show=False,
            priority=True,
            tooltip=tr("search all actions"),
        ),
        Binding("ctrl+t", "change_theme", tr("Theme"), show=False, tooltip=tr("choose other colours")),
        Binding(
            "ctrl+o", "sign_out", tr("Sign out"), show=False, tooltip=tr("end the session and sign in again")
        ),
        Binding("ctrl+q", "quit", tr("Quit"), show=False, priority=True, tooltip=tr("leave the terminal")),
    ]

    status: reactive[Status] = reactive(Status())

    def __init__(
        self,
        url: str,
        *,
        project: str | None = None,
        name: str = "",
        password: str = "",
        clock: Clock | None = None,
        new_key: Callable[[], UUID] = uuid4,
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self._url = url
        self._wanted_project = project
        self._operator = name
        self._password = password
        self._clock = clock or RealClock()
        self._new_key = new_key
        self._client: ApiClient | None = None
        self._session: SignedIn | None = None

    def on_mount(self) -> None:
        self.push_screen(SignInScreen(self.open_client, self._url, self._operator, self._password))

    async def on_unmount(self) -> None:
        if self._client is not None:
            await self._client.close()

    def open_client(self, url: str) -> ApiClient:
        """The way to the platform at `url`; the one before is closed. Raises BadAddress."""

        def on_contact(online: bool) -> None:
            self.post_message(ContactChanged(online))

        client = GraphQLClient(Transport(url, on_contact))
        if self._client is not None:
            self._close(self._client)
        self._client = client
        self._url = url
        return client

    @work
    async def _close(self, client: ApiClient) -> None:
        await client.close()

    # Session and project

    @on(SessionGranted)
    def _enter(self, message: SessionGranted) -> None:
        self._session = message.session
        self.status = replace(self.status, operator=message.session.operator)
        projects = {project.code: project for project in message.session.projects}
        wanted = self._wanted_project
        if wanted is not None and wanted not in projects:
            self._choose_project(tr("{wanted} is not one of your projects.", wanted=wanted))
        elif wanted is not None:
            self._open_project(projects[wanted])
        elif len(projects) == 1:
            self._open_project(*projects.values())
        else:
            self._choose_project("" if projects else tr("You have no project: ask an administrator."))

    @on(ProjectChosen)
    def _project_chosen(self, message: ProjectChosen) -> None:
        self._open_project(message.project)

    @on(ProjectLeft)
    def _project_left(self) -> None:
        if self._session is not None and len(self._session.projects) > 1:
            self._choose_project()

    def _choose_project(self, told: str = "") -> None:
        assert self._session is not None
        self.status = replace(self.status, project=None, shown=None, total=None)
        self.switch_screen(ProjectsScreen(self._session.projects, told))

    def _open_project(self, project: Project) -> None:
        assert self._client is not None
        assert self._session is not None
        self._wanted_project = None
        self.status = replace(self.status, project=project, shown=None, total=project.meter_count)
        api = self._client.enter(self._session, project)
        self.switch_screen(MetersScreen(SessionContext(api, project, self._clock, self._new_key)))

    @on(SessionEnded)
    def _session_ended(self, message: SessionEnded) -> None:
        self._sign_in_again(message.why)

    @work
    async def action_sign_out(self) -> None:
        session, client = self._session, self._client
        if session is None or client is None:
            return
        self._sign_in_again(tr("signed out"))
        try:
            await client.sign_out(session)
        except TerminalError as error:
            self.notify(
                tr("the platform did not end the session: {error}", error=error),
                severity="warning",
                markup=False,
            )

    def _sign_in_again(self, why: str) -> None:
        if self._session is None:
            return
        self._session = None
        self.status = Status(online=self.status.online)
        while len(self.screen_stack) > 2:
            self.pop_screen()
        self.switch_screen(SignInScreen(self.open_client, self._url, self._operator, "", why))

    # Status

    @on(ContactChanged)
    def _contact_changed(self, message: ContactChanged) -> None:
        back_again = self.status.online is False and message.online
        self.status = replace(self.status, online=message.online)
        if back_again:
            for screen in self.screen_stack:
                if isinstance(screen, FullScreen):
                    screen.action_reload()

    @on(CountChanged)
    def _count_changed(self, message: CountChanged) -> None:
        self.status = replace(self.status, shown=message.shown, total=message.total)

    # Help

    def action_help(self) -> None:
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self._keys()))

    def _keys(self) -> list[Key]:
        return [
            Key(printed(active.binding.key), active.binding.description, active.binding.tooltip)
            for active in active_keys(self.screen.active_bindings.values())
        ]
