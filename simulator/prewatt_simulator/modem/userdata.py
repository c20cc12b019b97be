"""User data of a message: alphabet, header, and position in a longer text.

Source: 3GPP TS 23.038 §4 (data coding scheme), 3GPP TS 23.040 §9.2.3.16 (length), §9.2.3.24 (header), §9.2.3.24.1 and
§9.2.3.24.8 (concatenation with a reference of one or two octets). Content is held as *units*: septets, one per byte; or
octets; or UTF-16 big-endian, which phones send where the standard says UCS-2.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from prewatt_simulator.modem import alphabet as gsm7
from prewatt_simulator.modem.errors import PduError

OCTETS_MAX = 140
SEPTETS_MAX = 160
PART_SEPTETS_MAX = 153
"""160 septets less the 6 octets of the concatenation header, which take 7 septets."""
PART_OCTETS_MAX = 134
PARTS_MAX = 255

_CONCATENATED, _CONCATENATED_WIDE = 0x00, 0x08


class Alphabet(StrEnum):
    """Encoding of units."""

    GSM7 = "gsm-7"
    OCTETS = "8-bit"
    UCS2 = "ucs-2"


class Part(NamedTuple):
    """Position of a message in a longer text; `sequence` counts from 1."""

    reference: int
    total: int
    sequence: int


@dataclass(frozen=True, slots=True)
class UserData:
    """Content of one message."""

    alphabet: Alphabet
    units: bytes
    part: Part | None = None


def text_of(alphabet: Alphabet, units: bytes) -> str:
    """Units as text; 8-bit data as hexadecimal digits."""
    if alphabet is Alphabet.GSM7:
        return gsm7.decode(units)
    if alphabet is Alphabet.UCS2:
        return units.decode("utf-16-be", errors="replace")
    return units.hex().upper()


def alphabet_of(coding: int) -> Alphabet:
    """Alphabet of a data coding scheme. Reserved schemes are GSM 7-bit; compressed text is 8-bit data."""
    # groups 00xx and 01xx are general coding, 1110 messages waiting in UCS-2, 1111 coding with message class (§4)
    group = coding >> 4
    if group < 0x8:
        if coding & 0x20:  # compressed
            return Alphabet.OCTETS
        return {1: Alphabet.OCTETS, 2: Alphabet.UCS2}.get(coding >> 2 & 0x03, Alphabet.GSM7)
    if group == 0xE:
        return Alphabet.UCS2
    return Alphabet.OCTETS if group == 0xF and coding & 0x04 else Alphabet.GSM7


def decode(coding: int, length: int, octets: bytes, *, has_header: bool) -> UserData:
    """Decode user data. Raises `PduError` when its lengths do not agree."""
    alphabet = alphabet_of(coding)
    packed = alphabet is Alphabet.GSM7
    if len(octets) > OCTETS_MAX or len(octets) != ((7 * length + 7) // 8 if packed else length):
        raise PduError(f"user data of length {length} in {len(octets)} octets")
    header_octets = octets[0] + 1 if has_header and octets else 0
    if has_header and not 0 < header_octets <= len(octets):
        raise PduError("a header that is longer than its message")
    part = _part(octets[1:header_octets])
    if not packed:
        return UserData(alphabet, octets[header_octets:], part)
    # fill bits move the first septet after the header to a septet boundary (§9.2.3.24)
    skip = (8 * header_octets + 6) // 7
    if skip > length:
        raise PduError("a header that is longer than its message")
    return UserData(alphabet, gsm7.unpack(octets, length - skip, skip), part)


def _part(header: bytes) -> Part | None:
    """Part in a user data header; None without one, or when it is invalid, which a receiver ignores (§9.2.3.24.1)."""
    at = 0
    found = None
    while at + 2 <= len(header):
        kind, value = header[at], header[at + 2 : at + 2 + header[at + 1]]
        at += 2 + header[at + 1]
        if (kind, len(value)) in {(_CONCATENATED, 3), (_CONCATENATED_WIDE, 4)}:
            found = Part(int.from_bytes(value[:-2], "big"), value[-2], value[-1])
    return found if at == len(header) and found and 1 <= found.sequence <= found.total else None


def split(text: str, reference: int) -> list[UserData]:
    """Split a text into messages: GSM 7-bit if that has all its characters, else UCS-2. Raises `PduError` above 255."""
    septets = gsm7.encode(text)
    if septets is None:
        alphabet, units = Alphabet.UCS2, text.encode("utf-16-be", errors="replace")
        whole_max, part_max = OCTETS_MAX, PART_OCTETS_MAX
    else:
        alphabet, units = Alphabet.GSM7, septets
        whole_max, part_max = SEPTETS_MAX, PART_SEPTETS_MAX
    if len(units) <= whole_max:
        return [UserData(alphabet, units)]
    pieces = list(_pieces(alphabet, units, part_max))
    if len(pieces) > PARTS_MAX:
        raise PduError(f"a text of {len(pieces)} parts; {PARTS_MAX} is the most")
    return [
        UserData(alphabet, piece, Part(reference, len(pieces), sequence))
        for sequence, piece in enumerate(pieces, 1)
    ]


def _pieces(alphabet: Alphabet, units: bytes, size: int) -> list[bytes]:
    """Pieces of at most `size` units that divide no escape sequence and no surrogate pair."""
    pieces = []
    while units:
        end = size
        # one unit less where the piece would end with an escape, or with the first half of a surrogate pair
        if alphabet is Alphabet.GSM7:
            end -= len(units) > size and units[size - 1] == gsm7.ESCAPE
        else:
            end -= 2 * (len(units) > size and 0xD8 <= units[size - 2] <= 0xDB)
        pieces.append(units[:end])
        units = units[end:]
    return pieces


def encode(data: UserData) -> tuple[int, bytes]:
    """Length in units of the alphabet, and octets, of user data."""
    header = b"" if data.part is None else bytes((5, _CONCATENATED, 3, *data.part))
    if data.alphabet is not Alphabet.GSM7:
        return len(header + data.units), header + data.units
    skip = (8 * len(header) + 6) // 7
    octets = gsm7.pack(data.units, skip)
    return skip + len(data.units), header + octets[len(header) :]
