"""Line editor: characters in, command lines and message bodies out, with their echo.

Source: ITU-T V.250 §5.2 (command line, back space, echo), 3GPP TS 27.005 §3.5.1 and §4.3 (prompt, Ctrl-Z, ESC). A message
body is echoed like a command, its Ctrl-Z or ESC is not (ASSUMED).
"""

import re
from typing import NamedTuple

from prewatt_simulator.modem.pdu import PDU_OCTETS_MAX

LINE_CHARACTERS_MAX = 512
BODY_CHARACTERS_MAX = 2 * PDU_OCTETS_MAX + 16
"""Two hexadecimal digits per octet, and some line ends."""

_LINE_END = re.compile(rb"\r")
_BODY_END = re.compile(rb"[\x1a\x1b]")
_CTRL_Z = b"\x1a"
_IGNORED = b"\r\n"
_BACK_SPACE = 0x08


class CommandLine(NamedTuple):
    """A command line without its carriage return; text None when it was too long."""

    text: str | None


class Body(NamedTuple):
    """A message body without its Ctrl-Z; text None when it was too long."""

    text: str | None


class Cancelled(NamedTuple):
    """ESC at the prompt."""


Entered = CommandLine | Body | Cancelled


class Line:
    """Editor of the serial input. Characters beyond the longest line or body are echoed and dropped."""

    def __init__(self) -> None:
        self._typed = bytearray()
        self._overlong = False
        self._prompted = False

    @property
    def busy(self) -> bool:
        """Whether a line or message body is incomplete, so that unsolicited results wait."""
        return self._prompted or bool(self._typed)

    def prompt(self) -> None:
        """Expect a message body next."""
        self._prompted = True

    def take(self, data: bytes, at: int, *, echo: bool) -> tuple[bytes, int, Entered | None]:
        """Take characters from `at` up to the end of a line or body; return the echo, the position after it, and it."""
        # one search per line, not one step per character: a client may send megabytes
        end = (_BODY_END if self._prompted else _LINE_END).search(data, at)
        typed = data[at : end.start()] if end else data[at:]
        self._keep(typed.translate(None, _IGNORED))
        if end is None:
            return typed if echo else b"", len(data), None
        if not self._prompted:
            return typed + b"\r" if echo else b"", end.end(), CommandLine(self._finish())
        self._prompted = False
        text = self._finish()
        return typed if echo else b"", end.end(), Body(text) if end[0] == _CTRL_Z else Cancelled()

    def _keep(self, typed: bytes) -> None:
        if _BACK_SPACE not in typed:
            self._typed += typed
        else:
            for octet in typed:
                if octet == _BACK_SPACE:
                    del self._typed[-1:]
                else:
                    self._typed.append(octet)
        room = BODY_CHARACTERS_MAX if self._prompted else LINE_CHARACTERS_MAX
        self._overlong |= len(self._typed) > room
        del self._typed[room:]

    def _finish(self) -> str | None:
        text = None if self._overlong else self._typed.decode("latin-1")
        self._typed.clear()
        self._overlong = False
        return text
