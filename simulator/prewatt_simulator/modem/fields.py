"""Fields common to all messages: addresses and time stamps in semi-octets.

Source: 3GPP TS 23.040 §9.1.2.3 (semi-octets), §9.1.2.5 (addresses), §9.2.3.11 (service centre time stamp); 3GPP TS 27.005
§3.1 (<pdu>, the service centre's address before a PDU).
"""

import re
from datetime import datetime, timedelta

from prewatt_simulator.modem.errors import BadNumber, PduError

DIGITS_MAX = 20
_DIGITS = "0123456789*#abc"
_FILLER = 0xF
_NUMBER = re.compile(rf"\+?[0-9*#]{{1,{DIGITS_MAX}}}")
_INTERNATIONAL, _UNKNOWN = 0x91, 0x81
_ALPHANUMERIC_TON, _INTERNATIONAL_TON = 5, 1


class Octets:
    """Reads octets from the front. Raises `PduError` when there are too few."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """The next `count` octets."""
        found = self._data[self._at : self._at + count]
        if len(found) < count:
            raise PduError(f"ends after {len(self._data)} octets, inside a field")
        self._at += count
        return found

    def octet(self) -> int:
        """The next octet."""
        return self.take(1)[0]

    def rest(self) -> bytes:
        """All remaining octets."""
        return self.take(len(self._data) - self._at)


def check_number(number: str) -> str:
    """Return the number. Raises `BadNumber` when a PDU cannot encode it."""
    if not _NUMBER.fullmatch(number):
        raise BadNumber(number)
    return number


def _swap(octet: int) -> int:
    return (octet & 0x0F) << 4 | octet >> 4


def _semi_octets(digits: str) -> bytes:
    values = [_DIGITS.index(digit) for digit in digits] + [_FILLER] * (len(digits) % 2)
    return bytes(low | high << 4 for low, high in zip(values[::2], values[1::2], strict=True))


def _digits(kind: int, body: bytes, count: int) -> str:
    values = [nibble for octet in body for nibble in (octet & 0x0F, octet >> 4)][:count]
    # `count` cuts the filler of an odd number of digits off; one before that is an error
    if _FILLER in values:
        raise PduError("a filler stands inside a number")
    if kind >> 4 & 0x07 == _ALPHANUMERIC_TON:
        raise PduError("an alphanumeric address cannot be sent to")
    plus = "+" if kind >> 4 & 0x07 == _INTERNATIONAL_TON else ""
    return plus + "".join(_DIGITS[value] for value in values)


def take_address(octets: Octets) -> str:
    """Read the number of an address field, with a + when it is international. Raises `PduError`."""
    count = octets.octet()
    if not 1 <= count <= DIGITS_MAX:
        raise PduError(f"an address of {count} digits")
    return _digits(octets.octet(), octets.take((count + 1) // 2), count)


def encode_address(number: str) -> bytes:
    """The address field of a number. Raises `BadNumber`."""
    digits = check_number(number).removeprefix("+")
    kind = _INTERNATIONAL if number.startswith("+") else _UNKNOWN
    return bytes((len(digits), kind)) + _semi_octets(digits)


def take_service_centre(octets: Octets) -> str | None:
    """Read the service centre's number before a PDU; None stands for the card's. Raises `PduError`."""
    # unlike in other addresses the length counts octets, so an odd number of digits shows by its filler only
    length = octets.octet()
    if not length:
        return None
    field = Octets(octets.take(length))
    kind, body = field.octet(), field.rest()
    count = 2 * len(body) - (1 if body and body[-1] >> 4 == _FILLER else 0)
    if not 1 <= count <= DIGITS_MAX:
        raise PduError(f"a service centre of {count} digits")
    return _digits(kind, body, count)


def encode_service_centre(number: str | None) -> bytes:
    """The service centre's address before a PDU; a zero octet for None."""
    if number is None:
        return b"\x00"
    field = encode_address(number)[1:]
    return bytes((len(field),)) + field


def encode_time(at: datetime) -> bytes:
    """Seven octets of local time and UTC offset, the offset in quarters of an hour."""
    offset = at.utcoffset()
    assert offset is not None, "a time stamp names its zone"
    quarters = round(offset / timedelta(minutes=15))
    parts = (at.year % 100, at.month, at.day, at.hour, at.minute, at.second, abs(quarters))
    octets = [_swap(part // 10 << 4 | part % 10) for part in parts]
    if quarters < 0:
        octets[-1] |= 0x08  # the sign, in the swapped first semi-octet (§9.2.3.11)
    return bytes(octets)
