"""The SIM card: PIN, PUK, and no card."""

from typing import Any

import pytest


@pytest.fixture
def locked(console_of: Any) -> Any:
    console = console_of(pin="1234")
    console.type("AT+CMEE=1\r")
    return console


def test_the_pin_unlocks_the_card_and_the_modem_registers(locked: Any) -> None:
    locked.type("AT+CREG=1\r")
    assert locked.type("AT+CPIN?\r") == "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n"
    assert locked.type("AT+CREG?\r") == "\r\n+CREG: 1,0\r\n\r\nOK\r\n"
    assert locked.type('AT+CPIN="1234"\r') == "\r\nOK\r\n\r\n+CREG: 1\r\n"
    assert locked.type("AT+CPIN?\r") == "\r\n+CPIN: READY\r\n\r\nOK\r\n"
    assert locked.type("AT+CPIN=1234\r") == "\r\n+CME ERROR: 3\r\n"


@pytest.mark.parametrize("typed", ["AT+CIMI", "AT+COPS?"])
def test_a_locked_card_refuses(locked: Any, typed: str) -> None:
    assert locked.type(f"{typed}\r") == "\r\n+CME ERROR: 11\r\n"


@pytest.mark.parametrize("typed", ["AT+CMGS=19", "AT+CSCA?", "AT+CMGL=4", "AT+CPMS?"])
def test_a_locked_card_refuses_messages(locked: Any, typed: str) -> None:
    assert locked.type(f"{typed}\r") == "\r\n+CMS ERROR: 311\r\n"


def test_three_wrong_pins_require_the_puk(locked: Any) -> None:
    for left in (2, 1, 0):
        assert locked.type('AT+CPIN="0000"\r') == "\r\n+CME ERROR: 16\r\n"
        assert f"+CPINR: SIM PIN,{left}\r\n" in locked.type("AT+CPINR\r")
    assert locked.type("AT+CPIN?\r") == "\r\n+CPIN: SIM PUK\r\n\r\nOK\r\n"
    assert locked.type('AT+CPIN="1234"\r') == "\r\n+CME ERROR: 12\r\n"
    assert locked.type("AT+CMGS=19\r") == "\r\n+CMS ERROR: 316\r\n"
    assert locked.type('AT+CPIN="00000000","4321"\r') == "\r\n+CME ERROR: 16\r\n"
    assert (locked.modem.card.pin_tries, locked.modem.card.puk_tries) == (0, 9)
    assert locked.type('AT+CPIN="12345678","4321"\r') == "\r\nOK\r\n"
    assert (locked.modem.card.pin_tries, locked.modem.card.puk_tries) == (3, 10)
    locked.modem.unplug()
    locked.modem.plug_in()
    locked.quiet()
    assert locked.type("AT+CPIN=4321\r") == "\r\nOK\r\n"


def test_wrong_tries_survive_a_power_cut(locked: Any) -> None:
    locked.type('AT+CPIN="0000"\r')
    locked.modem.unplug()
    locked.modem.plug_in()
    assert locked.modem.card.pin_tries == 2


def test_ten_wrong_puks_block_the_card(locked: Any) -> None:
    for _ in range(3):
        locked.type('AT+CPIN="0000"\r')
    for _ in range(10):
        assert locked.type('AT+CPIN="00000000","4321"\r') == "\r\n+CME ERROR: 16\r\n"
    assert locked.type("AT+CPIN?\r") == "\r\n+CME ERROR: 13\r\n"
    assert locked.type('AT+CPIN="12345678","4321"\r') == "\r\n+CME ERROR: 13\r\n"
    assert locked.type("AT+CMGS=19\r") == "\r\n+CMS ERROR: 313\r\n"


def test_a_missing_card_is_reported(console: Any) -> None:
    console.modem.card.inserted = False
    assert console.type("AT+CPIN?\r") == "\r\nERROR\r\n"
    assert console.type("AT+CMEE=1;+CPIN?\r") == "\r\n+CME ERROR: 10\r\n"
    assert console.type("AT+CMEE=2;+CPIN?\r") == "\r\n+CME ERROR: SIM not inserted\r\n"
    assert console.type("AT+CMGS=19\r") == "\r\n+CMS ERROR: SIM not inserted\r\n"
    assert console.type("AT+CREG?\r") == "\r\n+CREG: 0,0\r\n\r\nOK\r\n"
    assert console.type("AT\r") == "\r\nOK\r\n"
    console.modem.card.inserted = True
    assert console.type("AT+CPIN?\r") == "\r\n+CPIN: READY\r\n\r\nOK\r\n"
