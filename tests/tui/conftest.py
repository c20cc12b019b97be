"""What the terminal's tests share: rows as the platform sends them, and the terminal itself before a live platform.

Live means: a farm on its sockets, a platform over PostgreSQL that reads it, the API on a port, and the terminal's own
client in between. Keys are pressed where keys are the point.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static

from prewatt_tui.app import TerminalApp
from prewatt_tui.models.meter import Meter, MeterDetail
from prewatt_tui.screens.meter import MeterScreen
from prewatt_tui.screens.meters import MetersScreen
from prewatt_tui.widgets.meter_table import MeterTable

if TYPE_CHECKING:
    from prewatt_platform.kernel.settings import Settings
    from prewatt_simulator.farm import Farm

PATIENCE_S = 30.0
PASSWORD = "correct horse"

AScreen = TypeVar("AScreen", bound=Screen[Any])
AWidget = TypeVar("AWidget", bound=Widget)

ROW: dict[str, Any] = {
    "number": "0010310101",
    "model": "DTSY1352-NK",
    "place": "留学生公寓101",
    "area": ["留学生公寓", "1层"],
    "postpaid": False,
    "balanceLocation": "METER",
    "accountState": "OPEN",
    "standing": "OPENED",
    "controlMode": "PREPAID",
    "relay": "CLOSED",
    "lost": False,
    "balance": {"amount": "41.25", "currency": "CNY"},
    "reading": {"at": "2026-11-20T02:00:00+00:00", "energyTotal": "55310.40", "power": "1.250"},
}

DETAIL: dict[str, Any] = {
    **ROW,
    "gateway": {"number": "001031", "name": "留学生公寓", "kind": "serial-server"},
    "port": 1,
    "busAddress": 1,
    "ct": 1,
    "pt": 1,
    "remark": None,
    "account": {"state": "OPEN", "openedAt": None, "customer": {"name": "张三", "phone": None}},
    "controlModeObserved": "PREPAID",
    "relayReadAt": None,
    "lastHeardAt": "2026-11-20T02:00:00+00:00",
    "readingIntervalMinutes": None,
    "openOrder": None,
    "reading": {**ROW["reading"], "purchaseCount": 6, "remaining": {"amount": "41.25", "currency": "CNY"}},
}


@pytest.fixture(scope="session")
def make_meter() -> Callable[..., Meter]:
    """A row of the table; keywords are fields of the answer."""

    def make(**fields: Any) -> Meter:
        return Meter.of({**ROW, **fields})

    return make


@pytest.fixture
def detail() -> MeterDetail:
    """A meter as its own page gets it."""
    return MeterDetail.of(DETAIL)


@dataclass
class Terminal:
    """The running terminal, and how a test sees and touches it."""

    app: TerminalApp
    pilot: Pilot[None]

    async def until(self, condition: Callable[[], object]) -> None:
        """Return when the condition holds; TimeoutError with the screen's text when it does not come to that."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():  # noqa: ASYNC110 - what is waited for sets no event
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise TimeoutError(f"what was waited for did not come; the screen shows\n{self.text}") from None
        await self.pilot.pause()

    async def at(self, kind: type[AScreen]) -> AScreen:
        """The screen on top, once it is of this kind."""
        await self.until(lambda: isinstance(self.app.screen, kind) and self.app.screen.is_mounted)
        screen = self.app.screen
        assert isinstance(screen, kind)
        return screen

    def the(self, kind: type[AWidget], selector: str = "") -> AWidget:
        """A widget of the screen on top."""
        return self.app.screen.query_one(selector or kind.__name__, kind)

    def type_in(self, selector: str, text: str) -> None:
        """Put text into a field of the screen on top, and the focus too."""
        field = self.the(Input, selector)
        field.value = text
        field.focus()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def says(self, text: str) -> None:
        """Return when the text stands on the screen."""
        await self.until(lambda: text in self.text)

    @property
    def lines(self) -> list[str]:
        """The characters on the screen, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    async def open_meter(self, number: str) -> MeterScreen:
        """The page of a meter of the table, once it is loaded."""
        table = self.the(MeterTable)
        table.move_cursor(row=table.get_row_index(number))
        await self.press("enter")
        screen = await self.at(MeterScreen)
        await self.until(lambda: "loading" not in self.notice)
        return screen

    async def settled(self) -> None:
        """Return when nothing is being decided or sent."""
        await self.until(
            lambda: all(w.is_finished for w in self.app.workers if w.group in ("decision", "send"))
        )

    @property
    def notice(self) -> str:
        return str(self.the(Static, "#notice").render())

    @property
    def told(self) -> str:
        """What the form on top says is wrong."""
        return str(self.the(Static, "#told").render())

    async def sign_in(self) -> MetersScreen:
        """Sign in with what the fields hold; the table of meters, once it has rows."""
        await self.pilot.pause()
        await self.press("enter")
        screen = await self.at(MetersScreen)
        await self.until(lambda: screen.query_one(MeterTable).meters)
        return screen


@asynccontextmanager
async def terminal_at(url: str, size: tuple[int, int] = (80, 24), **given: Any) -> AsyncIterator[Terminal]:
    app = TerminalApp(url, **{"name": "anna", "password": PASSWORD, **given})
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Terminal(app, pilot)


@pytest.fixture(scope="session")
def terminal() -> Callable[..., AbstractAsyncContextManager[Terminal]]:
    """Opens the terminal: the address, the size, and what `TerminalApp` takes."""
    return terminal_at


@dataclass
class Stall:
    """A live platform of a test's own, with its site read once, and the operator `anna` who may do everything."""

    live: Any

    @property
    def url(self) -> str:
        url: str = self.live.url
        return url

    @property
    def deployment(self) -> Any:
        return self.live.deployment

    @property
    def farm(self) -> Farm:
        farm: Farm = self.live.deployment.farm
        return farm


QUICK_TICK_S = 0.2


@pytest.fixture
async def open_stall(
    open_deployment: Callable[..., Awaitable[Any]], open_api: Callable[..., Awaitable[Any]]
) -> Callable[..., Awaitable[Stall]]:
    """Builds a Stall; keywords go to the deployment."""

    async def build(**given: Any) -> Stall:
        return await _stall(open_deployment, open_api, **given)

    return build


@pytest.fixture(scope="module")
async def stall(
    open_shared_deployment: Callable[..., Awaitable[Any]], open_shared_api: Callable[..., Awaitable[Any]]
) -> Stall:
    """A Stall for the tests of a module that leave it as it is."""
    return await _stall(open_shared_deployment, open_shared_api)


async def _stall(
    open_deployment: Callable[..., Awaitable[Any]], open_api: Callable[..., Awaitable[Any]], **given: Any
) -> Stall:
    from prewatt_platform.kernel.settings import Settings
    from prewatt_platform.operators.models import Role

    settings: Settings = Settings(tick_s=QUICK_TICK_S)
    deployment = await open_deployment("tiny", work="all", **{"settings": settings, **given})
    await deployment.operator("anna", Role.ADMINISTRATOR)
    await deployment.read()
    return Stall(await open_api(deployment))


@pytest.fixture
def unused_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


class Wire:
    """A line between terminal and platform that a test can cut: real TCP, byte by byte."""

    def __init__(self, url: str) -> None:
        self._host, port = url.removeprefix("http://").split(":")
        self._port = int(port)
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.swallows_answers = False
        self.swallowed = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Let connections through, on the same port as before."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Drop every connection and take no new one."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.close()
            await self._server.wait_closed()
            self._server = None

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._host, self._port)
        self._open |= {writer, back}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, back, answers=False))
                both.create_task(self._pump(there, writer, answers=True))
        finally:
            self._open -= {writer, back}

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool) -> None:
        try:
            while data := await source.read(65536):
                if answers and self.swallows_answers:
                    self.swallowed += 1
                    break
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()


@pytest.fixture
async def open_wire() -> AsyncIterator[Callable[[str], Awaitable[Wire]]]:
    """Puts a line before the platform at an address."""
    wires: list[Wire] = []

    async def build(url: str) -> Wire:
        wires.append(Wire(url))
        await wires[-1].open()
        return wires[-1]

    yield build
    for wire in wires:
        await wire.cut()
