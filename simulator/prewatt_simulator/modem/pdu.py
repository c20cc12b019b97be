"""Message PDUs: decodes SMS-SUBMIT, encodes SMS-DELIVER and SMS-STATUS-REPORT.

Source: 3GPP TS 23.040 §9.2.2.1 (SMS-DELIVER), §9.2.2.2 (SMS-SUBMIT), §9.2.2.3 (SMS-STATUS-REPORT), §9.2.3.3 (validity
period), §9.2.3.15 (status).
"""

from dataclasses import dataclass
from datetime import datetime

from prewatt_simulator.modem import userdata
from prewatt_simulator.modem.errors import PduError
from prewatt_simulator.modem.fields import (
    Octets,
    encode_address,
    encode_time,
    take_address,
    take_service_centre,
)
from prewatt_simulator.modem.userdata import Alphabet, UserData

PDU_OCTETS_MAX = 12 + 164
"""The service centre's address and the longest SMS-SUBMIT."""

DELIVERED = 0x00
"""Status: received by the phone."""
EXPIRED = 0x46
"""Status: permanent error, validity period expired."""

_KIND = 0x03
_SUBMIT, _STATUS_REPORT, _DELIVER = 0x01, 0x02, 0x00
_NO_MORE_MESSAGES = 0x04
_REPORT_ASKED = 0x20
_HAS_HEADER = 0x40
_VALIDITY_OCTETS = {0x00: 0, 0x10: 1, 0x08: 7, 0x18: 7}
_VALIDITY = 0x18
_UCS2 = 0x08


@dataclass(frozen=True, slots=True)
class Submit:
    """A message that a client sends."""

    number: str
    content: UserData
    report_asked: bool
    service_centre: str | None
    """None: the card's service centre."""


def decode_submit(octets: bytes, declared: int) -> Submit:
    """Decode an SMS-SUBMIT PDU. Raises `PduError`.

    `declared` is the length in AT+CMGS: octets without the service centre's address.
    """
    field = Octets(octets)
    service_centre = take_service_centre(field)
    body = field.rest()
    if len(body) != declared:
        raise PduError(f"{len(body)} octets, not the {declared} that were announced")
    field = Octets(body)
    first = field.octet()
    if first & _KIND != _SUBMIT:
        raise PduError("no SMS-SUBMIT")
    field.octet()  # reference: replaced by the modem's own
    number = take_address(field)
    field.octet()  # protocol identifier: no effect here
    coding = field.octet()
    field.take(_VALIDITY_OCTETS[first & _VALIDITY])
    length = field.octet()
    content = userdata.decode(coding, length, field.rest(), has_header=bool(first & _HAS_HEADER))
    return Submit(number, content, bool(first & _REPORT_ASKED), service_centre)


def encode_deliver(number: str, content: UserData, at: datetime) -> bytes:
    """SMS-DELIVER of a message from `number` with the service centre's time stamp `at`."""
    header = _HAS_HEADER if content.part else 0
    length, octets = userdata.encode(content)
    return (
        bytes((_DELIVER | _NO_MORE_MESSAGES | header,))
        + encode_address(number)
        + bytes((0, _UCS2 if content.alphabet is Alphabet.UCS2 else 0))
        + encode_time(at)
        + bytes((length,))
        + octets
    )


def encode_status_report(
    number: str, reference: int, status: int, sent_at: datetime, done_at: datetime
) -> bytes:
    """SMS-STATUS-REPORT of the message with that reference to `number`."""
    return (
        bytes((_STATUS_REPORT | _NO_MORE_MESSAGES, reference))
        + encode_address(number)
        + encode_time(sent_at)
        + encode_time(done_at)
        + bytes((status,))
    )
