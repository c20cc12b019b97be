"""Errors of the modem: result codes for the client, and wrong use by a test.

ModemError
    AtError            a malformed or unknown command: `ERROR`
        MobileError    the equipment or the card refuses: `+CME ERROR` (3GPP TS 27.007 §9.2)
        MessageError   the message service or the network refuses: `+CMS ERROR` (3GPP TS 27.005 §3.2.5)
    PduError           octets that are no valid message, or a text that needs too many messages
    BadNumber          a telephone number that cannot be encoded in a PDU
    PortOpen           the modem is on a pseudo-terminal already

A fault rule that cannot apply raises `FaultRuleError`, as in the farm.
"""

from prewatt_simulator.errors import SimulatorError

PLAIN, NUMBERS, TEXTS = range(3)
"""The styles of AT+CMEE."""

CME_TEXTS = {
    3: "operation not allowed",
    4: "operation not supported",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    16: "incorrect password",
    30: "no network service",
    50: "Incorrect parameters",
}

CMS_TEXTS = {
    1: "Unassigned (unallocated) number",
    8: "Operator determined barring",
    10: "Call barred",
    21: "Short message transfer rejected",
    27: "Destination out of service",
    28: "Unidentified subscriber",
    29: "Facility rejected",
    30: "Unknown subscriber",
    38: "Network out of order",
    41: "Temporary failure",
    42: "Congestion",
    47: "Resources unavailable, unspecified",
    50: "Requested facility not subscribed",
    69: "Requested facility not implemented",
    111: "Protocol error, unspecified",
    127: "Interworking, unspecified",
    302: "operation not allowed",
    303: "operation not supported",
    304: "invalid PDU mode parameter",
    310: "SIM not inserted",
    311: "SIM PIN required",
    313: "SIM failure",
    316: "SIM PUK required",
    321: "invalid memory index",
    322: "memory full",
    330: "SMSC address unknown",
    331: "no network service",
    332: "network timeout",
    340: "no +CNMA acknowledgement expected",
    500: "unknown error",
}


class ModemError(SimulatorError):
    """Root of everything this package raises on purpose."""


class AtError(ModemError):
    """A command line that is answered with an error."""

    def result(self, style: int) -> str:
        """The final result code under an AT+CMEE style."""
        return "ERROR"


class MobileError(AtError):
    """The equipment or the card refuses."""

    def __init__(self, code: int) -> None:
        super().__init__(f"+CME ERROR {code}: {CME_TEXTS.get(code, 'unknown')}")
        self.code = code

    def result(self, style: int) -> str:
        if style == PLAIN:
            return "ERROR"
        return f"+CME ERROR: {CME_TEXTS.get(self.code, self.code) if style == TEXTS else self.code}"


class MessageError(AtError):
    """The message service or the network refuses. Sent in every AT+CMEE style (3GPP TS 27.005 §3.2.5)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"+CMS ERROR {code}: {CMS_TEXTS.get(code, 'unknown')}")
        self.code = code

    def result(self, style: int) -> str:
        return f"+CMS ERROR: {CMS_TEXTS.get(self.code, self.code) if style == TEXTS else self.code}"


class PduError(ModemError):
    """The octets are no valid message of the expected kind, or the text needs too many messages."""


class BadNumber(ModemError):
    """The telephone number cannot be encoded in a PDU."""

    def __init__(self, number: str) -> None:
        super().__init__(f"a number is 1 to 20 of 0-9, * and #, after a + or not; not {number!r}")
        self.number = number


class PortOpen(ModemError):
    """The modem is on a pseudo-terminal already; it has one port."""

    def __init__(self) -> None:
        super().__init__("this modem is on a pty already")
