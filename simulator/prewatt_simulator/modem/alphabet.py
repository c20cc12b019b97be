"""The GSM 7-bit default alphabet and its packing into octets.

Source: 3GPP TS 23.038 §6.1.2.1 (packing), §6.2.1 (alphabet), §6.2.1.1 (extension table). National language tables are
left out. This package holds septets as one byte each.
"""

ESCAPE = 0x1B

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
_SEPTETS = {sign: bytes((code,)) for code, sign in enumerate(_BASIC) if code != ESCAPE} | {
    sign: bytes((ESCAPE, code)) for code, sign in _EXTENSION.items()
}


def encode(text: str) -> bytes | None:
    """The septets of a text; None when one of its characters is not in the alphabet."""
    try:
        return b"".join(_SEPTETS[sign] for sign in text)
    except KeyError:
        return None


def decode(septets: bytes) -> str:
    """The text of septets. An escape before an unused code shows the basic character; before an escape, a space."""
    signs = []
    escaped = False
    for septet in septets:
        if escaped:
            signs.append(" " if septet == ESCAPE else _EXTENSION.get(septet, _BASIC[septet]))
            escaped = False
        elif septet == ESCAPE:
            escaped = True
        else:
            signs.append(_BASIC[septet])
    return "".join(signs)


def pack(septets: bytes, skip: int = 0) -> bytes:
    """Septets packed into octets, low bits first, after `skip` septets of zeros for a header."""
    # septet i is bits 7i to 7i + 6 of one little-endian number (3GPP TS 23.038 §6.1.2.1)
    packed = 0
    for place, septet in enumerate(septets, skip):
        packed |= septet << 7 * place
    return packed.to_bytes((7 * (len(septets) + skip) + 7) // 8, "little")


def unpack(octets: bytes, count: int, skip: int = 0) -> bytes:
    """`count` septets after the first `skip` ones."""
    packed = int.from_bytes(octets, "little")
    return bytes(packed >> 7 * place & 0x7F for place in range(skip, skip + count))
