"""Sign-in screen: platform, name and password. Errors name their cause."""

from collections.abc import Callable

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Button, Input, Label, Static

from prewatt_tui.client import ApiClient
from prewatt_tui.errors import TerminalError
from prewatt_tui.language import tr
from prewatt_tui.messages import RequestFailed, SessionGranted
from prewatt_tui.screens.base import FullScreen


class SignInScreen(FullScreen):
    """Asks for the address, the operator's name and the password until the platform grants a session."""

    def __init__(
        self, open_client: Callable[[str], ApiClient], url: str, name: str, password: str, told: str = ""
    ) -> None:
        super().__init__()
        self._open_door = open_client
        self._url = url
        self._operator = name
        self._password = password
        self._told = told

    def compose_body(self) -> ComposeResult:
        with Vertical(id="sign-in", classes="form"):
            yield Label(tr("prewatt: sign in"), classes="title")
            yield Label(tr("Platform"))
            yield Input(self._url, id="url", placeholder="http://127.0.0.1:8000")
            yield Label(tr("Operator"))
            yield Input(self._operator, id="name")
            yield Label(tr("Password"))
            yield Input(self._password, id="password", password=True)
            yield Static(self._told, id="told", classes="told", markup=False)
            yield Button(tr("Sign in"), id="go", variant="primary")

    def on_mount(self) -> None:
        super().on_mount()
        empty = next((field for field in self.query(Input) if not field.value), None)
        (empty or self.query_one("#go")).focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        empty = next((field for field in self.query(Input) if not field.value.strip()), None)
        if empty is not None:
            empty.focus()
            return
        url = self._text("url")
        self._tell(tr("asking {url} ...", url=url), waiting=True)
        self._sign_in(url, self._text("name"), self.query_one("#password", Input).value)

    @on(RequestFailed)
    def _say_why_not(self, message: RequestFailed) -> None:
        message.stop()
        self._tell(str(message.error), waiting=False)

    def _tell(self, text: str, *, waiting: bool) -> None:
        self.query_one("#told", Static).update(text)
        self.query_one("#go", Button).disabled = waiting

    def _text(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()

    @work(exclusive=True)
    async def _sign_in(self, url: str, name: str, password: str) -> None:
        try:
            session = await self._open_door(url).sign_in(name, password)
        except TerminalError as error:
            self.post_message(RequestFailed(error))
        else:
            self.post_message(SessionGranted(session))
