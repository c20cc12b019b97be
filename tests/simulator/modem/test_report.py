"""Delivery reports and incoming messages."""

from typing import Any

import pytest

NUMBER = "+8613800138000"
SENT = "\r\n+CMGS: 210\r\n\r\nOK\r\n"
CENTRE = "0891683108100005F0"
FROM_NUMBER = "0D91683108108300F0"
AT_EIGHT = "62105080000023"
"""2026-01-05 08:00:00, eight hours (32 quarters) ahead."""


def test_a_requested_report_arrives(console: Any, submit: Any) -> None:
    """Byte for byte: type, reference 210, number, sent and done, status."""
    console.modem.network.report_s = 7
    console.type("AT+CNMI=2,0,0,1,0\r")
    assert console.send(submit(NUMBER, "hello", report=True)) == SENT
    assert console.pass_time(6) == ""
    report = f"{CENTRE}06D2{FROM_NUMBER}{AT_EIGHT}6210508000702300"
    assert console.pass_time(1) == f"\r\n+CDS: 26\r\n{report}\r\n"


def test_no_report_arrives_without_a_request(console: Any, submit: Any) -> None:
    console.type("AT+CNMI=2,0,0,1,0\r")
    assert console.send(submit(NUMBER, "hello")) == SENT


def test_a_report_is_dropped_when_reports_are_off(console: Any, submit: Any) -> None:
    assert console.send(submit(NUMBER, "hello", report=True)) == SENT
    assert console.type("AT+CNMI=2,0,0,1,0\r") == "\r\nOK\r\n"


def test_indications_wait_for_their_mode(console: Any, submit: Any) -> None:
    console.type("AT+CNMI=0,0,0,1,0\r")
    assert console.send(submit(NUMBER, "hello", report=True)) == SENT
    assert console.type("AT+CNMI=2,0,0,1,0\r").startswith("\r\nOK\r\n\r\n+CDS: 26\r\n")


def test_a_report_waits_for_a_signal(console: Any, submit: Any) -> None:
    console.modem.network.report_s = 5
    console.type("AT+CNMI=2,0,0,1,0\r")
    console.send(submit(NUMBER, "hello", report=True))
    console.modem.network.signal = None
    assert console.pass_time(5) == ""
    console.modem.network.signal = 20
    assert console.heard().startswith("\r\n+CDS: 26\r\n")


def test_under_service_1_each_routed_message_is_acknowledged_once(console: Any, submit: Any) -> None:
    console.type("AT+CSMS=1;+CNMI=2,0,0,1,0\r")
    console.send(submit(NUMBER, "hello", report=True))
    assert console.type("AT+CNMA\r") == "\r\nOK\r\n"
    assert console.type("AT+CNMA\r") == "\r\n+CMS ERROR: 340\r\n"


def test_a_message_is_routed_to_the_client(console: Any) -> None:
    console.type("AT+CNMI=2,2\r")
    assert console.modem.deliver(NUMBER, "hello") == 1
    pdu = f"{CENTRE}04{FROM_NUMBER}0000{AT_EIGHT}05E8329BFD06"
    assert console.heard() == f"\r\n+CMT: ,25\r\n{pdu}\r\n"


@pytest.mark.parametrize("told", [0, 1])
def test_a_message_is_stored_listed_read_and_deleted(console: Any, told: int) -> None:
    console.type(f"AT+CNMI=2,{told}\r")
    console.modem.deliver(NUMBER, "余额")
    assert console.heard() == ('\r\n+CMTI: "SM",1\r\n' if told else "")
    pdu = f"{CENTRE}04{FROM_NUMBER}0008{AT_EIGHT}044F59989D"
    assert console.type("AT+CMGL\r") == f"\r\n+CMGL: 1,0,,24\r\n{pdu}\r\n\r\nOK\r\n"
    assert console.type("AT+CMGL=0\r") == "\r\nOK\r\n"
    assert console.type("AT+CMGR=1\r") == f"\r\n+CMGR: 1,,24\r\n{pdu}\r\n\r\nOK\r\n"
    assert console.type("AT+CMGD=1;+CMGL=4\r") == "\r\nOK\r\n"


def test_a_long_message_arrives_in_parts(console: Any) -> None:
    console.type("AT+CNMI=2,2\r")
    assert console.modem.deliver("10086", "a" * 161) == 2
    first, second = (line for line in console.heard().split("\r\n") if line.startswith(CENTRE))
    assert "050003010201" in first
    assert "050003010202" in second


def test_a_full_store_leaves_messages_in_the_network(console: Any) -> None:
    console.type("AT+CNMI=2,1\r")
    for at in range(22):
        console.modem.deliver("10086", f"message {at}")
    assert console.heard().count("+CMTI") == 20
    assert console.type("AT+CMGD=5\r") == '\r\nOK\r\n\r\n+CMTI: "SM",5\r\n'
    assert console.type("AT+CMGD=1,4\r") == '\r\nOK\r\n\r\n+CMTI: "SM",1\r\n'


def test_a_time_zone_behind_utc_has_its_sign(console_of: Any) -> None:
    console = console_of(zone="America/New_York")
    console.type("AT+CNMI=2,2\r")
    console.modem.deliver(NUMBER, "hello")
    assert f"{FROM_NUMBER}00006210409100000A05E8" in console.heard()
