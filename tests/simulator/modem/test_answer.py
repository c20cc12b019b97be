"""Answers of the modem, byte for byte."""

from typing import Any

import pytest


def test_it_echoes_until_ate0(console_of: Any) -> None:
    console = console_of()
    assert console.type("AT\r") == "\r\nOK\r\n"
    assert console.type("ATE1\r") == "\r\nOK\r\n"
    assert console.type("A") == "A"
    assert console.type("T\r") == "T\r\r\nOK\r\n"
    assert console.type("AT+CMGS=19\r") == "AT+CMGS=19\r\r\n> "
    assert console.type("0001\x1b") == "0001\r\nOK\r\n"
    assert console.type("ATE\r") == "ATE\r\r\nOK\r\n"
    assert console.type("AT\r") == "\r\nOK\r\n"


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("AT\r", "\r\nOK\r\n"),
        ("at\r", "\r\nOK\r\n"),
        ("AT\r\n", "\r\nOK\r\n"),
        ("ATV1Q0\r", "\r\nOK\r\n"),
        ("AT&F\r", "\r\nOK\r\n"),
        ("ATI\r", "\r\nprewatt\r\nSMS modem\r\n1\r\n\r\nOK\r\n"),
        ("AT+CGMI\r", "\r\nprewatt\r\n\r\nOK\r\n"),
        ("AT+CGMM\r", "\r\nSMS modem\r\n\r\nOK\r\n"),
        ("AT+CGMM=?\r", "\r\nOK\r\n"),
        ("AT+CIMI\r", "\r\n001010123456789\r\n\r\nOK\r\n"),
        ("AT+CMGF=0\r", "\r\nOK\r\n"),
        ("AT+CMGF?\r", "\r\n+CMGF: 0\r\n\r\nOK\r\n"),
        ("AT+CMGF=?\r", "\r\n+CMGF: (0)\r\n\r\nOK\r\n"),
        ("AT+CMGF=1\r", "\r\n+CMS ERROR: 303\r\n"),
        ("AT+CPIN?\r", "\r\n+CPIN: READY\r\n\r\nOK\r\n"),
        ("AT+CREG?\r", "\r\n+CREG: 0,1\r\n\r\nOK\r\n"),
        ("AT+CSQ\r", "\r\n+CSQ: 20,99\r\n\r\nOK\r\n"),
        ("AT+COPS?\r", '\r\n+COPS: 0,0,"TESTNET"\r\n\r\nOK\r\n'),
        ("AT+COPS=3,2;+COPS?\r", '\r\n+COPS: 0,2,"00101"\r\n\r\nOK\r\n'),
        ("AT+CSCA?\r", '\r\n+CSCA: "+8613800100500",145\r\n\r\nOK\r\n'),
        ('AT+CSCA="8613010123500",145;+CSCA?\r', '\r\n+CSCA: "+8613010123500",145\r\n\r\nOK\r\n'),
        ('AT+CSCA="abc"\r', "\r\n+CMS ERROR: 330\r\n"),
        ("AT+CSMS?\r", "\r\n+CSMS: 0,1,1,0\r\n\r\nOK\r\n"),
        ("AT+CSMS=1\r", "\r\n+CSMS: 1,1,0\r\n\r\nOK\r\n"),
        ("AT+CNMI=?\r", "\r\n+CNMI: (0-2),(0-2),(0),(0,1),(0)\r\n\r\nOK\r\n"),
        ("AT+CNMI=2,1,0,1,0;+CNMI?\r", "\r\n+CNMI: 2,1,0,1,0\r\n\r\nOK\r\n"),
        ("AT+CNMI=2,,,1;+CNMI?\r", "\r\n+CNMI: 2,0,0,1,0\r\n\r\nOK\r\n"),
        ("AT+CPMS?\r", '\r\n+CPMS: "SM",0,20,"SM",0,20,"SM",0,20\r\n\r\nOK\r\n'),
        ('AT+CPMS="SM","SM"\r', "\r\n+CPMS: 0,20,0,20,0,20\r\n\r\nOK\r\n"),
        ('AT+CPMS="ME"\r', "\r\n+CMS ERROR: 302\r\n"),
        ('AT+CSCS="GSM"\r', "\r\nOK\r\n"),
        ("AT+CNMA\r", "\r\n+CMS ERROR: 340\r\n"),
        ("AT+CMGR=1\r", "\r\n+CMS ERROR: 321\r\n"),
        ("AT+CMGL=4\r", "\r\nOK\r\n"),
        ("AT+CMEE=?\r", "\r\n+CMEE: (0-2)\r\n\r\nOK\r\n"),
        ("AT+CSQ;+XYZ;+CREG?\r", "\r\n+CSQ: 20,99\r\n\r\nERROR\r\n"),
        ("AT+XYZ\r", "\r\nERROR\r\n"),
        ("AT+CMEE=3\r", "\r\nERROR\r\n"),
        ("AT+CSQ?\r", "\r\nERROR\r\n"),
        ("AT+CMGS\r", "\r\nERROR\r\n"),
        ("AT+CMGS=0\r", "\r\nERROR\r\n"),
        ("AT+CMGS=19;+CSQ\r", "\r\nERROR\r\n"),
        ('AT+CMGS="10086"\r', "\r\nERROR\r\n"),
        ('AT+CSCA="1\r', "\r\nERROR\r\n"),
        ("ATV0\r", "\r\nERROR\r\n"),
        ("ATD112;\r", "\r\nERROR\r\n"),
        (f"AT{'+' * 600}\r", "\r\nERROR\r\n"),
        ("\x1b\r", ""),
        ("hello\r", ""),
        ("\x00\xffAT\r", "\r\nOK\r\n"),
        ("AX\x08T\r", "\r\nOK\r\n"),
    ],
)
def test_each_command_has_its_answer(console: Any, typed: str, answer: str) -> None:
    assert console.type(typed) == answer


def test_atz_resets_the_settings(console: Any) -> None:
    console.type("AT+CMEE=2;+CNMI=2,2,0,1,0;+CSMS=1;+CREG=1\r")
    assert console.type("ATZ\r") == "\r\nOK\r\n"
    assert console.type("ATE0\r") == "ATE0\r\r\nOK\r\n"
    told = console.type("AT+CMEE?;+CNMI?;+CREG?\r")
    assert told == "\r\n+CMEE: 0\r\n\r\n+CNMI: 0,0,0,0,0\r\n\r\n+CREG: 0,1\r\n\r\nOK\r\n"


def test_the_imei_comes_from_the_seed_and_has_a_valid_check_digit(console_of: Any) -> None:
    serials = [console_of(seed=seed).modem.identity.serial for seed in (1, 1, 2)]
    assert serials[0] == serials[1] != serials[2]
    for serial in serials:
        assert len(serial) == 15
        doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(serial)]
        assert sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def test_signal_and_registration_are_reported(console: Any) -> None:
    network = console.modem.network
    network.signal = 3
    assert console.type("AT+CSQ\r") == "\r\n+CSQ: 3,99\r\n\r\nOK\r\n"
    assert console.type("AT+CREG=1\r") == "\r\nOK\r\n"
    network.signal = None
    assert console.heard() == "\r\n+CREG: 2\r\n"
    assert console.type("AT+CSQ;+COPS?\r") == "\r\n+CSQ: 99,99\r\n\r\n+COPS: 0\r\n\r\nOK\r\n"
    network.registration = 3
    network.signal = 18
    assert console.heard() == "\r\n+CREG: 3\r\n"
    network.registration = 5
    assert console.heard() == "\r\n+CREG: 5\r\n"
