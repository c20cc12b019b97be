"""Messages from workers and widgets to the screens. Only message handlers change what a screen shows.

A message that comes in bursts says how it collapses.
"""

from dataclasses import dataclass

from textual.message import Message

from prewatt_tui.errors import TerminalError
from prewatt_tui.models.command import Command
from prewatt_tui.models.meter import Meter, MeterDetail
from prewatt_tui.models.reading import Reading
from prewatt_tui.models.session import Project, SignedIn
from prewatt_tui.pages import MeterPages
from prewatt_tui.requests import ActionRequest


@dataclass
class ContactChanged(Message):
    """The platform answered, or did not."""

    online: bool


@dataclass
class SessionGranted(Message):
    """The operator is signed in."""

    session: SignedIn


@dataclass
class ProjectChosen(Message):
    """The operator wants to work in this project."""

    project: Project


@dataclass
class RequestFailed(Message):
    """A request brought nothing but this."""

    error: TerminalError


@dataclass
class RowsLoaded(Message):
    """The next rows of `pages`; `total` is the project's own count of meters where it was asked for."""

    pages: MeterPages
    rows: tuple[Meter, ...]
    total: int | None


@dataclass
class ReadingReceived(Message):
    """A meter was read; the table gathers these and shows them once a second."""

    number: str
    reading: Reading


@dataclass
class MeterLoaded(Message):
    """The meter as it stands; a newer one takes the place of one that was not handled yet."""

    meter: MeterDetail

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, MeterLoaded) and message.meter.number == self.meter.number


@dataclass
class CommandSeen(Message):
    """How far a command is."""

    command: Command


@dataclass
class Decided(Message):
    """The operator confirmed an intent: it is to be sent."""

    request: ActionRequest


@dataclass
class RequestAccepted(Message):
    """The platform carries the intent out with this command."""

    request: ActionRequest
    command: Command


@dataclass
class RequestDeclined(Message):
    """The platform says no to the intent: nothing was done."""

    request: ActionRequest
    error: TerminalError


@dataclass
class RequestUnanswered(Message):
    """No answer came to the intent; whether it was carried out is not known."""

    request: ActionRequest
    error: TerminalError


@dataclass
class CountChanged(Message):
    """How many meters the table shows, and how many the project has."""

    shown: int | None
    total: int | None


@dataclass
class SessionEnded(Message):
    """The operator has to sign in again; `why` says what ended the session."""

    why: str


@dataclass
class ProjectLeft(Message):
    """The operator wants to choose another project."""
