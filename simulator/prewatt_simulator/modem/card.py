"""SIM card: presence, PIN state and stored data.

Source: 3GPP TS 27.007 §8.3 (+CPIN); three wrong PINs require the PUK, ten wrong PUKs block the card for good (3GPP TS
51.011 §8.9 and §8.13).
"""

import re
from enum import Enum

from prewatt_simulator.modem.errors import MobileError
from prewatt_simulator.modem.fields import check_number

PIN_TRIES, PUK_TRIES = 3, 10
TEST_IMSI = "001010123456789"
"""Subscriber of the network 001-01, which ITU-T E.212 reserves for tests."""
_PIN = re.compile(r"[0-9]{4,8}")
_INCORRECT_PASSWORD = 16
_NOT_ALLOWED = 3


class CardState(Enum):
    """What the card requires: (code in +CPIN, +CME ERROR, +CMS ERROR)."""

    READY = ("READY", 0, 0)
    PIN = ("SIM PIN", 11, 311)
    PUK = ("SIM PUK", 12, 316)
    ABSENT = ("", 10, 310)
    FAILED = ("", 13, 313)

    def __init__(self, code: str, mobile_error: int, message_error: int) -> None:
        self.code = code
        self.mobile_error = mobile_error
        self.message_error = message_error


class Card:
    """SIM card that requires its PIN if it has one. `service_centre` is the number that AT+CSCA sets."""

    def __init__(self, pin: str | None = None, puk: str = "12345678", imsi: str = TEST_IMSI) -> None:
        self.imsi = imsi
        self.service_centre: str | None = check_number("+8613800100500")
        self.pin_tries = PIN_TRIES
        self.puk_tries = PUK_TRIES
        self.inserted = True
        self._pin = pin
        self._puk = puk
        self._open = pin is None

    @property
    def state(self) -> CardState:
        """What the card requires now."""
        if not self.inserted:
            return CardState.ABSENT
        if not self.puk_tries:
            return CardState.FAILED
        if not self.pin_tries:
            return CardState.PUK
        return CardState.READY if self._open else CardState.PIN

    def power_cut(self) -> None:
        """Lock the card again; wrong tries stay counted."""
        self._open = self._pin is None

    def enter(self, secret: str, new_pin: str | None) -> None:
        """Enter the PIN, or the PUK and a new PIN. Raises `MobileError` when it is wrong or not required."""
        state = self.state
        if state is CardState.PIN and new_pin is None:
            self._enter_pin(secret)
        elif state is CardState.PUK and new_pin is not None:
            self._enter_puk(secret, new_pin)
        else:
            raise MobileError(state.mobile_error or _NOT_ALLOWED)

    def _enter_pin(self, pin: str) -> None:
        if pin != self._pin:
            self.pin_tries -= 1
            raise MobileError(_INCORRECT_PASSWORD)
        self.pin_tries = PIN_TRIES
        self._open = True

    def _enter_puk(self, puk: str, new_pin: str) -> None:
        if puk != self._puk or not _PIN.fullmatch(new_pin):
            self.puk_tries -= 1
            raise MobileError(_INCORRECT_PASSWORD)
        self._pin = new_pin
        self.pin_tries, self.puk_tries = PIN_TRIES, PUK_TRIES
        self._open = True
