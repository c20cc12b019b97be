"""Progress of the latest command, as text and colour."""

from textual.widgets import Static

from prewatt_tui import labels
from prewatt_tui.models.command import Command


class CommandProgress(Static):
    """Shows the outcome of a command; empty until there is one."""

    DEFAULT_CSS = """
    CommandProgress { height: auto; max-height: 3; width: 100%; padding: 0 1; display: none; }
    CommandProgress.good { display: block; color: $text-success; background: $success-muted; }
    CommandProgress.bad { display: block; color: $text-error; background: $error-muted; }
    CommandProgress.waiting { display: block; color: $text-warning; background: $warning-muted; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - the name that every widget uses
        super().__init__(id=id, markup=False)
        self.said = ""

    def show(self, command: Command) -> None:
        """Say how far the command is."""
        self.say(labels.outcome(command), labels.tone(command))

    def say(self, text: str, tone: str) -> None:
        """Say something in a tone: good, bad or waiting."""
        self.said = text
        self.set_classes(tone)
        self.update(text)
