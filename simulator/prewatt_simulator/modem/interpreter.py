"""AT command interpreter: command lines in, answers out.

The commands are those of `general` and `messaging`. The commands of a line run in order up to the first that fails
(ITU-T V.250 §5); every command line is answered with a result code.
"""

from dataclasses import dataclass

from prewatt_simulator.modem.card import Card
from prewatt_simulator.modem.command import Command, body_of, parse
from prewatt_simulator.modem.errors import AtError
from prewatt_simulator.modem.general import GeneralCommands, Identity
from prewatt_simulator.modem.messaging import MessageCommands
from prewatt_simulator.modem.network import Network
from prewatt_simulator.modem.pdu import Submit
from prewatt_simulator.modem.settings import Settings
from prewatt_simulator.modem.store import Store


@dataclass(frozen=True, slots=True)
class Answer:
    """Response lines and the final result code; result None makes the modem prompt for a message."""

    lines: tuple[str, ...]
    result: str | None


class Interpreter:
    """Runs command lines on one modem's settings, card, network and store."""

    def __init__(
        self, settings: Settings, card: Card, network: Network, store: Store, identity: Identity
    ) -> None:
        self._settings = settings
        self._messages = MessageCommands(settings, card, network, store)
        general = GeneralCommands(settings, card, network, identity)
        self._table = general.table | self._messages.table | {"Z": self._reset}

    def run(self, line: str | None) -> Answer | None:
        """Answer to a command line; None for a line without command. `line` None is one that was too long."""
        lines: list[str] = []
        try:
            body = body_of(line)
            if body is None:
                return None
            for command in parse(body):
                lines += self._do(command)
        except AtError as error:
            self.cancel()
            return Answer(tuple(lines), error.result(self._settings.error_style))
        return Answer(tuple(lines), "OK" if self._messages.announced is None else None)

    def submit(self, body: str | None) -> Submit:
        """The message typed at the prompt. Raises `MessageError` when it cannot be sent."""
        return self._messages.submit(body)

    def cancel(self) -> None:
        """Expect no message body any more."""
        self._messages.announced = None

    def client_pdu(self, body: bytes) -> tuple[int, str]:
        """Length and hexadecimal digits of a message, as the client gets it."""
        return self._messages.client_pdu(body)

    def _do(self, command: Command) -> list[str]:
        if self._messages.announced is not None:
            raise AtError("nothing may stand behind +CMGS")
        handler = self._table.get(command.name)
        if handler is None:
            raise AtError(f"{command.name} is unknown")
        return handler(command)

    def _reset(self, command: Command) -> list[str]:
        command.number(0, range(1), default=0)
        self._settings.reset()
        return []
