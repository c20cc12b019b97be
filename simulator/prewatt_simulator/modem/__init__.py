"""Simulated GSM modem on a pseudo-terminal; messages that a client sends arrive assembled in an inbox.

Messages in octets: `alphabet`, `fields`, `userdata`, `pdu`. Input: `line`, `command`. Answers: `general`, `messaging`,
`interpreter`. Unsolicited output: `unsolicited_results`, `incoming`. Surroundings: `card`, `network`, `store`, `inbox`.
`device` joins them on one clock with `schedule`; `port` is the pseudo-terminal.
"""

from prewatt_simulator.modem.device import Modem
from prewatt_simulator.modem.inbox import Message
from prewatt_simulator.modem.network import Registration, SmsFault, SmsFaultKind

__all__ = ["Message", "Modem", "Registration", "SmsFault", "SmsFaultKind"]
