"""Shared fixtures of the modem's tests: a client on a manual clock, and an encoder of their own.

The encoder follows 3GPP TS 23.040 and 23.038 by strings of bits and digits, and shares nothing with the modem's codec.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from prewatt_fixtures.clock import ManualClock
from prewatt_simulator.modem import Modem

EIGHT_IN_SHANGHAI = datetime(2026, 1, 5, tzinfo=UTC)

_OWN_PLACES = {
    0x00: "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ",
    0x1C: "ÆæßÉ",
    0x24: "¤",
    0x40: "¡",
    0x5B: "ÄÖÑÜ§¿",
    0x7B: "äöñüà",
}
SEPTET_OF: dict[str, tuple[int, ...]] = {
    chr(code): (code,) for code in (*range(0x20, 0x24), *range(0x25, 0x40), *range(0x41, 0x5B))
}
SEPTET_OF |= {chr(code): (code,) for code in range(0x61, 0x7B)}
SEPTET_OF |= {sign: (start + at,) for start, signs in _OWN_PLACES.items() for at, sign in enumerate(signs)}
SEPTET_OF |= {
    sign: (0x1B, code)
    for sign, code in zip("\f^{}\\[~]|€", (10, 20, 40, 41, 47, 60, 61, 62, 64, 101), strict=True)
}


def _packed(septets: list[int], fill_bits: int) -> str:
    bits = "0" * fill_bits + "".join(f"{septet:07b}"[::-1] for septet in septets)
    bits += "0" * (-len(bits) % 8)
    return "".join(f"{int(bits[at : at + 8][::-1], 2):02X}" for at in range(0, len(bits), 8))


def _address(number: str) -> str:
    digits = number.lstrip("+")
    even = digits + "F" * (len(digits) % 2)
    swapped = "".join(even[at + 1] + even[at] for at in range(0, len(even), 2))
    return f"{len(digits):02X}{'91' if number.startswith('+') else '81'}{swapped}"


def _submit(
    number: str,
    text: str,
    *,
    ucs2: bool = False,
    report: bool = False,
    part: tuple[int, int, int] | None = None,
    wide: bool = False,
) -> tuple[int, str]:
    """(length for AT+CMGS, hexadecimal PDU) of one SMS-SUBMIT; `part` is reference, total, sequence."""
    header = ""
    if part:
        header = f"060804{part[0]:04X}" if wide else f"050003{part[0]:02X}"
        header += f"{part[1]:02X}{part[2]:02X}"
    octets = len(header) // 2
    if ucs2:
        body = header + text.encode("utf-16-be").hex().upper()
        length = len(body) // 2
    else:
        septets = [code for sign in text for code in SEPTET_OF[sign]]
        fill = -8 * octets % 7
        body = header + _packed(septets, fill)
        length = (8 * octets + fill) // 7 + len(septets)
    first = 0x01 | (0x20 if report else 0) | (0x40 if part else 0)
    tpdu = f"{first:02X}00{_address(number)}00{'08' if ucs2 else '00'}{length:02X}{body}"
    return len(tpdu) // 2, f"00{tpdu}"


@pytest.fixture(scope="session")
def submit() -> Callable[..., tuple[int, str]]:
    """The tests' own encoder: number and text in, (length, PDU) out."""
    return _submit


@pytest.fixture(scope="session")
def gsm_signs() -> list[str]:
    """All signs of the default alphabet and its extension."""
    return sorted(SEPTET_OF)


class Console:
    """A client of a modem: input and output as text."""

    def __init__(self, **options: Any) -> None:
        self.clock = ManualClock(EIGHT_IN_SHANGHAI)
        self.modem = Modem(self.clock, **options)

    def type(self, text: str) -> str:
        """Output of the modem after some input."""
        self.modem.receive(text.encode("latin-1"))
        return self.heard()

    def heard(self) -> str:
        return self.modem.data_to_send().decode("latin-1")

    def quiet(self) -> "Console":
        assert self.type("ATE0\r") == "ATE0\r\r\nOK\r\n"
        return self

    def send(self, message: tuple[int, str]) -> str:
        """Output of the modem after a PDU at the prompt."""
        length, pdu = message
        assert self.type(f"AT+CMGS={length}\r") == "\r\n> "
        return self.type(f"{pdu}\x1a")

    def pass_time(self, seconds: float) -> str:
        self.clock.advance(seconds)
        self.modem.tick()
        return self.heard()


@pytest.fixture(scope="session")
def console_of() -> Callable[..., Console]:
    """Builds a console without echo; keywords for `Modem`."""
    return lambda **options: Console(**options).quiet()


@pytest.fixture
def console(console_of: Callable[..., Console]) -> Console:
    """A console without echo, at a modem with an open card on a good network."""
    return console_of()
