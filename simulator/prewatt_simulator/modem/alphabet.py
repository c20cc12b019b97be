"""The GSM 7-bit default alphabet and its packing into octets.

Source: 3GPP TS 23.038 §6.1.2.1 (packing), §6.2.1 (the alphabet) and §6.2.1.1 (the extension table). National
language tables are left out. Septets travel in this package as one byte each.
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
    """The septets of a text, or None when a sign of it is not in the alphabet."""
    try:
        return b"".join(_SEPTETS[sign] for sign in text)
    except KeyError:
        return None


def decode(septets: bytes) -> str:
    """The text of septets. An escape to a place that is empty shows the basic sign there; to itself, a space."""
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
    """Octets that hold the septets, low bits first, behind room for `skip` septets of zeros."""
    packed = 0
    for place, septet in enumerate(septets, skip):
        packed |= septet << 7 * place
    return packed.to_bytes((7 * (len(septets) + skip) + 7) // 8, "little")


def unpack(octets: bytes, count: int, skip: int = 0) -> bytes:
    """`count` septets behind the first `skip` ones."""
    packed = int.from_bytes(octets, "little")
    return bytes(packed >> 7 * place & 0x7F for place in range(skip, skip + count))
