"""Sending messages: results for the client, and texts at the receiver."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prewatt_simulator.modem import Modem
from prewatt_simulator.modem.userdata import Alphabet

NUMBER = "+8613800138000"
WARNING = "【预付费】您的余额为20.00元,请及时充值。"


def test_a_sent_message_is_in_the_inbox(console: Any) -> None:
    """Byte for byte, with a PDU built by hand."""
    assert console.type("AT+CMGS=19\r") == "\r\n> "
    assert console.type("0001000D91683108108300F0000005E8329BFD06\x1a") == "\r\n+CMGS: 210\r\n\r\nOK\r\n"
    (message,) = console.modem.inbox
    assert (message.number, message.text, message.parts) == (NUMBER, "hello", 1)
    assert (message.at, message.references, message.alphabet) == (console.clock.now(), (210,), Alphabet.GSM7)


def test_the_body_is_echoed_without_its_end(console: Any) -> None:
    console.type("ATE1\r")
    assert console.type("AT+CMGS=19\r") == "AT+CMGS=19\r\r\n> "
    assert (
        console.type("0001000D91683108108300f0000005e8329bfd06") == "0001000D91683108108300f0000005e8329bfd06"
    )
    assert console.type("\x1a") == "\r\n+CMGS: 210\r\n\r\nOK\r\n"


def test_references_count_up_from_a_start_by_the_seed(console_of: Any, submit: Any) -> None:
    told = []
    for seed in (1, 1, 2):
        console = console_of(seed=seed)
        told.append([console.send(submit(NUMBER, "a")) for _ in range(300)])
    assert told[0] == told[1] != told[2]
    references = [int(each.split()[1]) for each in told[0]]
    assert references == [(references[0] + at) % 256 for at in range(300)]


def test_parts_of_a_text_may_arrive_in_any_order(console: Any, submit: Any) -> None:
    text = WARNING * 6
    pieces = [text[at : at + 67] for at in range(0, len(text), 67)]
    first, second, third = (
        submit(NUMBER, piece, ucs2=True, part=(9, 3, at)) for at, piece in enumerate(pieces, 1)
    )
    other = submit("+8613900139000", "甲", ucs2=True, part=(9, 2, 1))
    told = [console.send(part) for part in (second, other, first)]
    assert console.modem.inbox.incomplete == [(NUMBER, 3, (3,)), ("+8613900139000", 2, (2,))]
    told.append(console.send(third))
    assert told == [f"\r\n+CMGS: {reference}\r\n\r\nOK\r\n" for reference in range(210, 214)]
    (message,) = console.modem.inbox
    assert (message.number, message.text, message.alphabet) == (NUMBER, text, Alphabet.UCS2)
    assert (message.parts, message.references) == (3, (212, 210, 213))


@settings(max_examples=30, deadline=None)
@given(data=st.data(), wide=st.booleans())
def test_any_long_text_is_assembled_in_any_order(
    console_of: Any, submit: Any, gsm_signs: list[str], data: st.DataObject, wide: bool
) -> None:
    console = console_of()
    pieces = data.draw(st.lists(st.text(st.sampled_from(gsm_signs), max_size=70), min_size=2, max_size=5))
    parts = [submit(NUMBER, text, part=(3, len(pieces), at), wide=wide) for at, text in enumerate(pieces, 1)]
    for part in data.draw(st.permutations(parts)):
        assert console.send(part).endswith("OK\r\n")
    (message,) = console.modem.inbox
    assert message.text == "".join(pieces)
    assert console.modem.inbox.incomplete == []


def test_a_character_divided_between_parts_is_assembled(console: Any) -> None:
    for sequence, half in ((2, "DCA1"), (1, "D83D")):
        header = f"0500030702{sequence:02X}"
        pdu = f"0041000D91683108108300F0000808{header}{half}"
        console.send((len(pdu) // 2 - 1, pdu))
    assert [message.text for message in console.modem.inbox] == ["💡"]


def test_a_repeated_part_counts_once(console: Any, submit: Any) -> None:
    for sequence in (1, 1, 2):
        console.send(submit(NUMBER, f"part {sequence} ", part=(1, 2, sequence)))
    assert [message.text for message in console.modem.inbox] == ["part 1 part 2 "]


@pytest.mark.parametrize(
    ("typed", "announced"),
    [
        ("0001000D91683108108300F0000005E8329BFD06", 18),
        ("0001000D91683108108300F0000005E8329BFD", 19),
        ("0001000D91683108108300F0000005E8329BFD0", 19),
        ("no digits", 19),
        ("", 19),
        ("00" * 1000, 19),
    ],
)
def test_an_invalid_pdu_is_refused(console: Any, typed: str, announced: int) -> None:
    assert console.send((announced, typed)) == "\r\n+CMS ERROR: 304\r\n"
    assert len(console.modem.inbox) == 0
    assert console.type("AT\r") == "\r\nOK\r\n"


def test_escape_leaves_the_prompt(console: Any, submit: Any) -> None:
    length, pdu = submit(NUMBER, "hello")
    console.type(f"AT+CMGS={length}\r")
    assert console.type(f"{pdu}\x1b") == "\r\nOK\r\n"
    assert len(console.modem.inbox) == 0
    assert console.send((length, pdu)).endswith("OK\r\n")


def test_without_a_service_centre_nothing_is_sent(console: Any, submit: Any) -> None:
    console.modem.card.service_centre = None
    assert console.send(submit(NUMBER, "hello")) == "\r\n+CMS ERROR: 330\r\n"


def test_line_feeds_are_ignored(console: Any) -> None:
    assert console.type("AT+CMGS=19\r\n") == "\r\n> "
    told = console.type("0001000D91683108108300F0\r\n000005E8329BFD06\r\n\x1a\n")
    assert told == "\r\n+CMGS: 210\r\n\r\nOK\r\n"
    console.modem.emit("^RSSI:18")
    assert console.heard() == "\r\n^RSSI:18\r\n"


def test_answers_without_delay_come_at_once_on_a_running_clock(submit: Any) -> None:
    modem = Modem()
    length, pdu = submit(NUMBER, "hello")
    modem.receive(f"ATE0\rAT+CMGS={length}\r{pdu}\x1a".encode())
    assert modem.data_to_send().endswith(b"\r\n> \r\n+CMGS: 210\r\n\r\nOK\r\n")
    assert len(modem.inbox) == 1


def test_a_slow_network_answers_on_the_clock(console: Any, submit: Any) -> None:
    console.modem.network.answer_s = 4.0
    began = console.clock.now()
    assert console.send(submit(NUMBER, "hello")) == ""
    assert console.type("AT\r") == ""  # nobody listens now
    assert console.pass_time(3.9) == ""
    assert len(console.modem.inbox) == 0
    assert console.pass_time(0.1) == "\r\n+CMGS: 210\r\n\r\nOK\r\n\r\nOK\r\n"
    assert console.modem.inbox[0].at == began + timedelta(seconds=4)
