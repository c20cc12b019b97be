"""A GSM modem on a pseudo-terminal; messages that a client sends arrive whole in an inbox.

From the wire upwards: `alphabet`, `fields`, `userdata`, `pdu` (messages in octets); `line`, `command` (what is typed);
`card`, `network`, `store`, `inbox` (the modem's world); `general`, `messaging`, `interpreter` (what it answers);
`news`, `incoming` (what it says unasked); `schedule`, `device` (all of it on one clock), `port` (the pty).
"""

from prewatt_simulator.modem.device import Modem
from prewatt_simulator.modem.inbox import Message
from prewatt_simulator.modem.network import Registration, SmsFault, SmsFaultKind

__all__ = ["Message", "Modem", "Registration", "SmsFault", "SmsFaultKind"]
